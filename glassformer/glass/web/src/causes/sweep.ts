// A sweep in the page: the effect of every part of the model on a contrast, one intervention after the other
// (Python: glass/causes/sweep.py, which does them in one batch).

import { Graph } from "../graph";
import { OPS } from "../ops";
import type { Cause, EffectMap } from "../record";
import { last, type Numbers } from "../shapes";
import { after } from "./components";
import { patchFor, type Part } from "./parts";

/** Awaited between two parts, with the share that is done; false ends the sweep. */
export type Progress = (done: number) => Promise<boolean>;

/** What the contrast is at its step, which is the last that the graph reads: logit(A) - logit(B). */
export function contrastOf(graph: Graph, { a, b }: Cause["contrast"]): number {
  const node = graph.node("logits");
  const value = OPS[node.op].value(node);
  const [rows, width] = node.shape;
  return value((rows - 1) * width + a.id) - value((rows - 1) * width + b.id);
}

/** The maps with their effects; null where `progress` ended it. `graph`: of what is read, with the question as its cause. */
export async function sweep(graph: Graph, progress: Progress): Promise<EffectMap[] | null> {
  const { contrast, maps } = graph.recorded.cause!;
  const clean = contrastOf(graph, contrast);
  const filled = maps.map((map) => ({ ...map, total: map.total.map((row) => [...row]), direct: map.direct.map((row) => [...row]) }));
  const parts = maps.flatMap((map) => map.total.flatMap((cells, row) => cells.map((_, column): Part => ({ map, row, column }))));
  for (const [number, part] of parts.entries()) {
    const patch = patchFor(graph, part);
    if (!patch?.spans.length) continue; // nothing corresponds to it
    const effect = (held: ReadonlyMap<string, Numbers>) => {
      graph.patches.value = [patch];
      graph.edits.value = held;
      return clean - contrastOf(graph, contrast);
    };
    const map = filled[maps.indexOf(part.map)];
    map.total[part.row][part.column] = effect(new Map());
    const later = after(graph.recorded, part.map.tensors[part.row]);
    map.direct[part.row][part.column] = later.length ? effect(new Map(later.map((name) => [name, graph.original(name)!]))) : map.total[part.row][part.column];
    if (!(await progress((number + 1) / parts.length))) return null;
  }
  graph.reset();
  return filled;
}

const ON_THE_WAY = 0.5; // of the largest effect: from here on a word is said to decide
const NOTHING = 1e-3; // an effect below it is rounding

/** For each place of a residual stream the largest effect, in size, of changing it at any depth. */
export const feltIn = ({ total }: EffectMap): number[] => total[0].map((_, place) => Math.max(...total.map((row) => Math.abs(row[place] ?? 0))));

/** The source places that decide, the largest first, of what is felt at each (Python: attribution/comparison.py). */
export function deciding(effects: readonly number[]): number[] {
  const most = Math.max(...effects);
  const places = Array.from(effects.keys()).filter((place) => most > NOTHING && effects[place] >= ON_THE_WAY * most);
  return places.sort((a, b) => effects[b] - effects[a]);
}

/** The rows of the logit lens: what the model would say at the step if it stopped at each depth of the decoder. */
export function logitLens(graph: Graph, stream: readonly string[]): Numbers[] {
  const end = last(stream);
  return stream.map((name) => {
    graph.edits.value = new Map([[end, graph.original(name)!]]);
    const logits = graph.values("logits")!;
    const width = last(graph.tensor("logits").shape);
    const row = logits.slice(logits.length - width);
    graph.reset();
    return row;
  });
}
