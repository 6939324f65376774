// Ops that read a whole row: what the row shares is computed once, then each cell from it.

import type { Numbers } from "./record";

export interface RowRule {
  readonly extra: readonly string[]; // operands with one cell per column
  statistics(x: Numbers, start: number, n: number, eps: number): readonly [number, number];
  cell(x: number, statistics: readonly [number, number]): number;
}

/** The largest of a row and the sum of exp(x - largest); of only −inf, a sum of 0. */
function exponentials(x: Numbers, start: number, n: number): readonly [number, number] {
  let largest = -Infinity;
  for (let k = 0; k < n; k++) largest = Math.max(largest, x[start + k]);
  let sum = 0;
  if (largest > -Infinity) for (let k = 0; k < n; k++) sum += Math.exp(x[start + k] - largest);
  return [largest, sum];
}

function moments(x: Numbers, start: number, n: number): readonly [number, number] {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += x[start + k];
  const mean = sum / n;
  let squares = 0;
  for (let k = 0; k < n; k++) squares += (x[start + k] - mean) ** 2;
  return [mean, squares / n];
}

export const ROWS: { readonly [op: string]: RowRule } = {
  softmax: {
    extra: [],
    statistics: exponentials,
    cell: (x, [largest, sum]) => (sum === 0 ? 0 : Math.exp(x - largest) / sum),
  },
  log_softmax: {
    extra: [],
    statistics: exponentials,
    cell: (x, [largest, sum]) => x - (largest + Math.log(sum)),
  },
  layernorm: {
    extra: ["gain", "bias"],
    statistics: (x, start, n, eps) => {
      const [mean, variance] = moments(x, start, n);
      return [mean, Math.sqrt(variance + eps)];
    },
    cell: (x, [mean, deviation]) => (x - mean) / deviation,
  },
  rmsnorm: {
    extra: ["gain"],
    statistics: (x, start, n, eps) => {
      const [mean, variance] = moments(x, start, n);
      return [0, Math.sqrt(variance + mean * mean + eps)];
    },
    cell: (x, [, deviation]) => x / deviation,
  },
};
