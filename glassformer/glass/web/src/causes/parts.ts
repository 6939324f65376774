// The parts of the model that a cause's maps go through: what each is called, and the same intervention done in the page.

import type { Graph, Patch } from "../graph";
import { pieceLabel } from "../pieces";
import type { Cause, EffectMap, Trace } from "../record";
import { size, type Numbers } from "../shapes";
import { secondOf } from "./second";

/** A cell of a map. */
export interface Part {
  readonly map: EffectMap;
  readonly row: number;
  readonly column: number;
}

export const partId = ({ map, row, column }: Part): string => `${map.name}:${row}:${column}`;

/** The cell of that id; null if it is none. */
export function partOf({ maps }: Cause, id: string): Part | null {
  const [name, row, column] = id.split(":");
  const map = maps.find((one) => one.name === name);
  const part = map && { map, row: Number(row), column: Number(column) };
  return part && effectOf(part) !== undefined ? part : null;
}

export const mapOf = (cause: Cause, name: string): EffectMap => cause.maps.find((map) => map.name === name)!;
export const effectOf = ({ map, row, column }: Part): number | null => map.total[row]?.[column];

/** How many places of a side the question has: all of the source, of the target those up to its step. */
const lengthOf = (cause: Cause, side: "source" | "target"): number =>
  mapOf(cause, side === "source" ? "encoder.stream" : "decoder.stream").total[0].length;

// ---- the intervention

/** What the sweep did to a part, to be done in the page; null where the record carries too little for it. */
export function patchFor(graph: Graph, part: Part): Patch | null {
  const cause = graph.recorded.cause!;
  const tensor = part.map.tensors[part.row];
  if (graph.recorded.meta.detail !== "full+weights" || !graph.has(tensor)) return null;
  const there = rowsThere(graph, cause, part, tensor);
  if (!there) return null;
  const { shape } = graph.tensor(tensor);
  const [places, width] = [shape[shape.length - 2], shape[shape.length - 1]];
  const head = part.map.columns === "head" ? part.column : 0;
  const spans = [...there].map(([place, values]) => ({ start: (head * places + place) * width, values }));
  return { id: partId(part), title: patchTitle(graph.recorded, part), tensor, spans };
}

/** The new numbers of the part, place by place. */
function rowsThere(graph: Graph, cause: Cause, part: Part, tensor: string): Map<number, Numbers> | null {
  const side = part.map.name.startsWith("encoder") ? "source" : "target";
  const { shape } = graph.tensor(tensor);
  const all = Array.from({ length: shape[shape.length - 2] }, (_, place) => place);
  const places = part.map.columns === "source" || part.map.columns === "target" ? [part.column] : all;
  const head = part.map.columns === "head" ? part.column : 0;
  if (cause.ablation !== "patch") {
    const row = cause.ablation === "zero" ? new Float32Array(shape[shape.length - 1]) : meanRow(graph, tensor, head, lengthOf(cause, side));
    return row && new Map(places.map((place) => [place, row]));
  }
  const values = secondOf(graph)?.values(tensor);
  if (!values) return null;
  const other = secondOf(graph)!.tensor(tensor).shape;
  const pairs = side === "source" ? cause.second!.places : all.map((place): [number, number] => [place, place]);
  const at = ([, place]: readonly [number, number]) => rowAt(values, other, head, place);
  return new Map(pairs.filter(([place]) => places.includes(place)).map((pair) => [pair[0], at(pair)]));
}

const rowAt = (values: Numbers, shape: readonly number[], head: number, place: number): Numbers => {
  const [places, width] = [shape[shape.length - 2], shape[shape.length - 1]];
  return values.subarray((head * places + place) * width, (head * places + place + 1) * width);
};

/** The mean over the sentence's own places, as the sweep took it. */
function meanRow(graph: Graph, tensor: string, head: number, places: number): Float32Array | null {
  const [values, { shape }] = [graph.original(tensor), graph.tensor(tensor)];
  if (!values || size(shape) === 0) return null;
  const mean = new Float64Array(shape[shape.length - 1]);
  for (let place = 0; place < places; place++) rowAt(values, shape, head, place).forEach((value, i) => (mean[i] += value / places));
  return Float32Array.from(mean);
}

// ---- words

const tokenText = (trace: Trace, side: "source" | "target", place: number): string => {
  const token = trace.axes[side]?.tokens?.[place];
  return token ? token.text.trim() || pieceLabel(token.piece) : String(place);
};

const PRONOUNS = ["it", "they", "he", "she", "him", "her", "them"];

/** The place of the source's first pronoun; null without one. */
export function pronounOf({ axes }: Trace): number | null {
  const place = axes.source.tokens!.findIndex(({ text }) => PRONOUNS.includes(text.trim().toLowerCase()));
  return place < 0 ? null : place;
}

export const sourceWord = (trace: Trace, place: number): string => tokenText(trace, "source", place);
export const readWord = (trace: Trace, step: number): string => tokenText(trace, "target", step);
export const writtenWord = (trace: Trace, step: number): string => {
  const chosen = trace.decode?.steps[step]?.chosen;
  return chosen ? chosen.text.trim() || pieceLabel(chosen.piece) : String(step);
};

/** "embedding" or "after layer 0". */
export const depthName = (row: string): string => (row === "embedding" ? "embedding" : `after ${row}`);

const KINDS: { readonly [kind: string]: string } = { self_attention: "self-attention", cross_attention: "cross-attention", feed_forward: "feed-forward" };
const stackOf = ({ name }: EffectMap): string => name.split(".")[0];
export const kindOf = ({ name }: EffectMap): string => KINDS[name.split(".")[1]] ?? name;

/** A part in words: "the encoder’s state of “tired” after layer 0", "head 0 of the encoder’s self-attention in layer 0". */
export function partName(trace: Trace, { map, row, column }: Part): string {
  const depth = map.rows[row];
  if (map.columns === "source") return depth === "embedding" ? `the embedding of “${sourceWord(trace, column)}”` : `the encoder’s state of “${sourceWord(trace, column)}” after ${depth}`;
  if (map.columns === "target") {
    const read = `“${readWord(trace, column)}”, read at step ${column + 1}`;
    return depth === "embedding" ? `the embedding of ${read}` : `the decoder’s state at ${read}, after ${depth}`;
  }
  const where = `the ${stackOf(map)}’s ${kindOf(map)} in ${depth}`;
  return map.columns === "head" ? `head ${column} of ${where}` : where;
}

export const PUT_THERE = {
  patch: "the numbers that it has in the second sentence",
  mean: "the mean over the sentence’s places",
  zero: "zeros",
} as const;

const patchTitle = (trace: Trace, part: Part): string => `${partName(trace, part)} has ${PUT_THERE[trace.cause!.ablation]}`;
