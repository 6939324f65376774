// Which attentions a trace holds, and what their weights come to over layers, heads and words.

import type { Graph } from "../graph";
import { blockOf } from "../labels";
import type { Tensor, Trace } from "../record";
import { last } from "../shapes";

/** One kind of attention, layer by layer; the lecture's attentions are kinds of one layer each. */
export interface Kind {
  readonly id: string; // "decoder.cross_attention"
  readonly title: string;
  readonly layers: readonly Tensor[];
}

/** What the reader looks at. null: the mean over all. */
export interface Pick {
  readonly kind: string;
  readonly layer: number | null;
  readonly head: number | null;
}

/** One matrix of weights, queries by keys; head null: the tensor has no heads. */
export interface Sheet {
  readonly tensor: Tensor;
  readonly layer: number;
  readonly head: number | null;
}

const IN_LAYER = /^(encoder|decoder)\.(\d+)\.(\w+)$/;

/** The kind that a tensor's block is of, and its layer: "decoder.1.cross_attention" is layer 1 of "decoder.cross_attention". */
function placeOf(block: string): { kind: string; layer: number } {
  const [, stack, layer, sublayer] = IN_LAYER.exec(block) ?? [];
  return stack ? { kind: `${stack}.${sublayer}`, layer: Number(layer) } : { kind: block || "attention", layer: 0 };
}

const isAttention = ({ op, roles }: Tensor): boolean => op === "softmax" && roles?.at(-2) === "query" && roles.at(-1) === "key";

export const hasAttention = (trace: Trace): boolean => trace.tensors.some(isAttention);

export function kindsOf(trace: Trace): Kind[] {
  const layers = new Map<string, Tensor[]>();
  for (const tensor of trace.tensors.filter(isAttention)) {
    const { kind } = placeOf(blockOf(tensor.name));
    layers.set(kind, [...(layers.get(kind) ?? []), tensor]);
  }
  return [...layers].map(([id, tensors]) => ({ id, title: TITLES[id] ?? id.replaceAll("_", " "), layers: tensors }));
}

const TITLES: { readonly [kind: string]: string } = {
  "encoder.self_attention": "source → source (encoder)",
  "decoder.self_attention": "target → target (decoder)",
  "decoder.cross_attention": "target → source (cross)",
  attention: "one head",
  heads: "several heads",
};

/** The text of a pick in the address, such as "decoder.cross_attention:1:all". */
export const blockText = ({ kind, layer, head }: Pick): string => `${kind}:${layer ?? "all"}:${head ?? "all"}`;

/** The pick that an address names, be it of this view or a block of the map; else the one to begin with. */
export function pickOf(block: string | null, kinds: readonly Kind[]): Pick {
  const [first, layer, head] = (block ?? "").split(":");
  const named = layer === undefined ? placeOf(first) : { kind: first, layer: numberOf(layer) };
  const kind = kinds.find(({ id }) => id === named.kind);
  if (!kind || !block) return beginning(kinds);
  const within = (n: number | null, count: number) => (n !== null && n < count ? n : null);
  return { kind: kind.id, layer: within(named.layer, kind.layers.length), head: within(numberOf(head), headsOf(kind.layers[0])) };
}

const numberOf = (text: string | undefined): number | null => (/^\d+$/.test(text ?? "") ? Number(text) : null);

/** The cross-attention, where a translation's words meet the source's; the mean of all layers and heads. */
function beginning(kinds: readonly Kind[]): Pick {
  const kind = kinds.find(({ id }) => id === "decoder.cross_attention") ?? kinds[0];
  return { kind: kind.id, layer: null, head: null };
}

export const headsOf = ({ shape }: Tensor): number => (shape.length > 2 ? shape[0] : 1);

/** The matrices that a pick takes the mean of. */
export function sheetsOf(kind: Kind, { layer, head }: Omit<Pick, "kind">): Sheet[] {
  const sheets = kind.layers.flatMap((tensor, i) =>
    Array.from({ length: headsOf(tensor) }, (_, h) => ({ tensor, layer: i, head: tensor.shape.length > 2 ? h : null })));
  return sheets.filter((sheet) => (layer === null || sheet.layer === layer) && (head === null || (sheet.head ?? 0) === head));
}

/** A sheet's numbers, row by row. */
export function weightsOf(graph: Graph, { tensor, head }: Sheet): ArrayLike<number> {
  const size = tensor.shape.at(-2)! * last(tensor.shape);
  return graph.values(tensor.name)!.subarray((head ?? 0) * size, ((head ?? 0) + 1) * size);
}

/** The mean of several matrices of one shape. */
export function mean(matrices: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(matrices[0].length);
  for (const matrix of matrices) for (let i = 0; i < sum.length; i++) sum[i] += matrix[i];
  return sum.map((value) => value / matrices.length);
}

/**
 * Weights between groups of tokens: the sum over a group's columns (what it is given in all), the mean over its
 * rows (so that a row still sums to 1). `width`: the columns of `matrix`.
 */
export function grouped(matrix: ArrayLike<number>, width: number, rows: readonly (readonly number[])[], columns: readonly (readonly number[])[]): number[][] {
  return rows.map((group) => columns.map((places) => {
    let sum = 0;
    for (const row of group) for (const column of places) sum += matrix[row * width + column];
    return sum / group.length;
  }));
}

/** Every cell that a grouped weight is made of. */
export const cellsOf = (sheets: readonly Sheet[], rows: readonly number[], columns: readonly number[]) =>
  sheets.flatMap(({ tensor, layer, head }) => rows.flatMap((row) => columns.map((column) =>
    ({ tensor: tensor.name, layer, head, index: head === null ? [row, column] : [head, row, column] }))));

/** −Σ w ln w in nats: 0 if all weight is on one place, ln n if it is spread evenly over n. */
export function entropy(row: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) if (row[i] > 0) sum -= row[i] * Math.log(row[i]);
  return sum;
}
