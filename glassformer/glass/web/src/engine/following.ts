// What may follow a beginning of a translation: the decoder's next logits. Greedy search and the beam both ask here.

import { Graph } from "../graph";
import { OPS } from "../ops";
import type { Axis, Trace } from "../record";
import { last, size, type Numbers } from "../shapes";
import { axisOf } from "../text/axis";
import type { Tokenizer } from "../text/tokenizer";
import { withTokens } from "./sentence";

/** What the decoder reads while it writes `ids`: the start, then each but the last. */
export const readAxis = (record: Trace, tokenizer: Tokenizer, ids: readonly number[], text: string): Axis =>
  axisOf(text, tokenizer.tokensOf([startOf(record), ...ids.slice(0, -1)]));

export const startOf = ({ model }: Trace): number => Number(model.decoder_start_id);

/** What every translation of this model begins with: the symbol of its language, where that stands there. */
export function beginningOf({ axes, translator }: Trace): number[] {
  const read = axes.target.tokens!.slice(1);
  const end = read.findIndex(({ special, id }) => !special || id === translator!.end);
  return read.slice(0, end < 0 ? read.length : end).map(({ id }) => id);
}

/** The most tokens that a source of so many may give, `</s>` included (Python: SearchOptions.limit). */
export function limitOf({ translator }: Trace, source: number): number {
  const { max_length, max_length_ratio, max_length_extra } = translator!;
  return Math.min(max_length, Math.floor(max_length_ratio * source) + max_length_extra);
}

/** A function from the ids written so far to the logits of what comes next; the source is encoded once. */
export function following(record: Trace, source: Axis, tokenizer: Tokenizer): (ids: readonly number[]) => Float32Array {
  let encoded: ReadonlyMap<string, Numbers> = new Map();
  return (ids) => {
    const graph = new Graph(withTokens(record, { source, target: readAxis(record, tokenizer, [...ids, record.translator!.end], "") }), "");
    graph.edits.value = encoded;
    if (encoded.size === 0) encoded = fromTheSource(graph);
    return lastRow(graph, "logits");
  };
}

/** What the decoder reads of the source: the same at every step, so it is computed once. */
function fromTheSource(graph: Graph): ReadonlyMap<string, Numbers> {
  const ofTarget = graph.trace.tensors.filter(({ axes }) => axes.includes("target"));
  const read = new Set(ofTarget.flatMap(({ operands }) => Object.values(operands)));
  const kept = graph.trace.tensors.filter(({ name, axes, operands }) => read.has(name) && axes.includes("source") && !axes.includes("target") && Object.keys(operands).length > 0);
  return new Map(kept.map(({ name }) => [name, graph.values(name)!]));
}

/** The last row of a tensor, without computing the others. */
export function lastRow(graph: Graph, name: string): Float32Array {
  const node = graph.node(name);
  const width = last(node.shape);
  const value = OPS[node.op].value(node);
  return Float32Array.from({ length: width }, (_, column) => value(size(node.shape) - width + column));
}
