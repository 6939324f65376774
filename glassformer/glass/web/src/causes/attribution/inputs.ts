// What attributions attribute to: the token embeddings of both sides, and the baseline that stands for no word
// (Python: glass/causes/attribution/inputs.py).

import type { Edits, Graph } from "../../graph";
import type { Numbers } from "../../shapes";
import { rowOf } from "../../vectors";

/** The embedded tokens of a side, scaled, without positions. */
export interface Side {
  readonly name: string; // of their tensor
  readonly rows: Numbers;
  readonly width: number;
  readonly count: number; // of tokens
  readonly baseline: Float64Array; // an average word: the mean row of the embedding table, scaled
}

export type Sides = readonly [source: Side, target: Side];

export const sidesOf = (graph: Graph): Sides => [sideOf(graph, "source"), sideOf(graph, "target")];

function sideOf(graph: Graph, side: "source" | "target"): Side {
  const [scaled, looked] = [`${side}_embedding.scaled`, `${side}_embedding.lookup`];
  const name = graph.has(scaled) ? scaled : looked;
  const { shape: [count, width], attributes } = graph.tensor(name);
  const factor = name === scaled ? Number(attributes.factor) : 1;
  const baseline = meanRow(graph.original(graph.tensor(looked).operands.table)!, width).map((value) => value * factor);
  return { name, rows: graph.original(name)!, width, count, baseline };
}

function meanRow(table: Numbers, width: number): Float64Array {
  const [mean, rows] = [new Float64Array(width), table.length / width];
  for (let i = 0; i < table.length; i++) mean[i % width] += table[i] / rows;
  return mean;
}

/** The change that puts other vectors in the place of the embedded tokens: part of the way from the baseline, 1 all of it. */
export const along = (sides: Sides, share: number): Edits =>
  new Map(sides.map(({ name, rows, baseline }) => [name, Float64Array.from(rows, (x, i) => toward(baseline[i % baseline.length], x, share))]));

const toward = (from: number, to: number, share: number): number => to - (1 - share) * (to - from);

/** The change that puts the baseline in the place of one token. */
export function without({ name, rows, width, baseline }: Side, place: number): Edits {
  const changed = Float64Array.from(rows);
  changed.set(baseline, place * width);
  return new Map([[name, changed]]);
}

/** For each token the sum over its vector: Σ_d gradient_d · (x_d − from_d). */
export const shares = ({ rows, width, count }: Side, gradient: Float64Array, from: ArrayLike<number> | null): number[] =>
  Array.from({ length: count }, (_, place) =>
    rowOf(gradient, width, place).reduce((sum, slope, d) => sum + slope * (rows[place * width + d] - (from?.[d] ?? 0)), 0));
