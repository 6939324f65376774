// Two traces of one sentence held against each other: what can be compared, and by how much it differs.

import type { Graph } from "../../graph";
import type { Axis, Step, Tensor, Trace } from "../../record";
import { flatten, last, size, unflatten } from "../../shapes";

/** The first step in which the two take different tokens; null if they write the same. */
export function parting(a: readonly Step[], b: readonly Step[]): number | null {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i]?.chosen.piece !== b[i]?.chosen.piece) return i;
  }
  return null;
}

const sameTokens = (a?: Axis, b?: Axis): boolean =>
  a?.tokens?.length === b?.tokens?.length && (a?.tokens ?? []).every(({ id, piece }, i) => b!.tokens![i].id === id && b!.tokens![i].piece === piece);

/** Whether both cut the source into the same tokens. */
export const sameSource = (a: Trace, b: Trace): boolean => sameTokens(a.axes.source, b.axes.source);

/** Whether both mean the same token by an id, as far as the records tell. */
export function sameVocabulary(a: Trace, b: Trace): boolean {
  const known = (trace: Trace) => new Map((trace.decode?.steps ?? []).flatMap(({ candidates }) => candidates.map(({ id, piece }) => [id, piece])));
  const [inA, inB] = [known(a), known(b)];
  return a.axes.vocabulary?.size === b.axes.vocabulary?.size && [...inA].every(([id, piece]) => (inB.get(id) ?? piece) === piece);
}

/** The part of a tensor that both traces have: its shape, smaller along the target if the two part ways. */
export interface Common {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly shape: readonly number[];
}

/**
 * The part that can be compared, or null. Both decoders read the same tokens up to the step in which they part,
 * so of the target the places 0 to `parting` are compared; the source only if both cut it into the same tokens.
 */
export function common(a: Graph, b: Graph, name: string): Common | null {
  if (!b.has(name)) return null;
  const [one, other] = [a.tensor(name), b.tensor(name)];
  if (one.op !== other.op || one.shape.length !== other.shape.length || one.dtype === "int32" || one.dtype === "uint8") return null;
  const part = parting(a.trace.decode?.steps ?? [], b.trace.decode?.steps ?? []);
  const shape = one.shape.map((size, axis) =>
    one.axes[axis] === "target" && part !== null ? Math.min(size, other.shape[axis], part + 1) : size);
  const fits = shape.every((size, axis) => one.axes[axis] === "target" || size === other.shape[axis]);
  const words = one.axes.every((axis) =>
    axis === "source" ? sameSource(a.trace, b.trace) : axis === "vocabulary" ? sameVocabulary(a.trace, b.trace) : true);
  return fits && words ? { a: one, b: other, shape } : null;
}

export interface Difference {
  readonly name: string;
  readonly largest: number; // max |Δ|
  readonly mean: number; // mean |Δ|
  readonly relative: number; // mean |Δ| over the mean size of both tensors' numbers
}

/** How far two tensors differ in what they have in common; null where that cannot be said. */
export function difference(a: Graph, b: Graph, name: string): Difference | null {
  const part = common(a, b, name);
  const [x, y] = part ? [cut(a, part.a, part.shape), cut(b, part.b, part.shape)] : [null, null];
  if (!x || !y) return null;
  let [largest, sum, sizes, count] = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const delta = Math.abs(x[i] - y[i]);
    if (Number.isNaN(delta)) continue;
    largest = Math.max(largest, delta);
    sum += delta;
    sizes += (Math.abs(x[i]) + Math.abs(y[i])) / 2;
    count++;
  }
  return count ? { name, largest, mean: sum / count, relative: sizes ? sum / sizes : 0 } : null;
}

/** a − b, row by row; NaN where one of them is not recorded or both are −∞. Null if one is not carried. */
export function deltas(a: Graph, b: Graph, { a: one, b: other, shape }: Common): Float64Array | null {
  const [x, y] = [cut(a, one, shape), cut(b, other, shape)];
  return x && y && x.map((value, i) => value - y[i]);
}

/** The first places of a tensor along each axis, as many as `shape` has. */
function cut(graph: Graph, tensor: Tensor, shape: readonly number[]): Float64Array | null {
  const values = graph.values(tensor.name);
  if (!values) return null;
  const part = new Float64Array(size(shape));
  const width = last(shape);
  for (let start = 0; start < part.length; start += width) {
    const from = flatten(tensor.shape, unflatten(shape, start));
    part.set(values.subarray(from, from + width), start);
  }
  return part;
}

/** The differences of all tensors that can be compared, in the model's order. */
export const differences = (a: Graph, b: Graph): Difference[] =>
  a.trace.tensors.flatMap(({ name }) => difference(a, b, name) ?? []);

/** The tokens of a sentence by its words; a special token stands alone. */
export function words({ tokens = [] }: Axis): { readonly label: string; readonly tokens: number[] }[] {
  const groups: { label: string; word: number | null; tokens: number[] }[] = [];
  tokens.forEach(({ text, word, special }, i) => {
    const before = groups[groups.length - 1];
    if (before && word !== null && !special && before.word === word) {
      before.tokens.push(i);
      before.label += text.trim();
    } else groups.push({ label: text.trim(), word: special ? null : word, tokens: [i] });
  });
  return groups;
}
