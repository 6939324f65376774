// The arithmetic of positions: which columns are a pair, how fast it turns, and what turning does to dot products.

import { angle, turn } from "../ops/angles";

export interface Pair {
  readonly sine: number; // column
  readonly cosine: number;
}

/** The columns of pair i in a table of this width. */
export const pairOf = (layout: string | number, width: number, i: number): Pair =>
  layout === "halves" ? { sine: i, cosine: i + width / 2 } : { sine: 2 * i, cosine: 2 * i + 1 };

/** Radians per position: base^(−2i/divisor). */
export const speedOf = (base: number, divisor: number, i: number): number => angle(1, i, divisor, base);

/** Every row's dot product with every row. */
export function products(values: ArrayLike<number>, rows: number, width: number): number[][] {
  const row = (i: number) => Array.from({ length: width }, (_, c) => values[i * width + c]);
  const all = Array.from({ length: rows }, (_, i) => row(i));
  return all.map((a) => all.map((b) => a.reduce((sum, x, c) => sum + x * b[c], 0)));
}

/** For each offset k, the least and the most of the products of rows p and p + k. */
export function byOffset(matrix: readonly (readonly number[])[]): { least: number; most: number }[] {
  return matrix.map((_, offset) => {
    const along = matrix.slice(offset).map((row, p) => row[p]);
    return { least: Math.min(...along), most: Math.max(...along) };
  });
}

/** The score of a query and a key, as they are before turning, if they stood at places p and q (rotary positions). */
export function turnedScore(query: ArrayLike<number>, key: ArrayLike<number>, p: number, q: number, base: number): number {
  let sum = 0;
  for (let i = 0; i < query.length / 2; i++) {
    const speed = speedOf(base, query.length, i);
    const [a, b] = turn([query[2 * i], query[2 * i + 1]], p * speed);
    const [c, d] = turn([key[2 * i], key[2 * i + 1]], q * speed);
    sum += a * c + b * d;
  }
  return sum;
}
