// What a head does on this sentence, in a few words, by one rule:
//   1. Rows that see one place only, and padding, say nothing and are left out.
//   2. For each simple habit (the token before, itself, the token after, one certain place) take the mean weight
//      that the rows give it. The strongest habit names the head if that mean is at least HABIT.
//   3. Else it is "spread out" if the mean entropy is at least SPREAD of what an even spread would have.
//   4. Else "in sentence order" if the place looked at on average goes up with the row (correlation at least ORDER).
//   5. Else "one word at a time" if the mean entropy is at most SHARP of an even spread's, and "a few words at a time" if not.

import type { Token } from "../record";
import { entropy } from "./attentionWeights";

export const HABIT = 0.4;
export const SPREAD = 0.8;
export const ORDER = 0.8;
export const SHARP = 0.25;

export interface HeadFacts {
  readonly habit: string;
  readonly entropy: number; // nats, the mean over the rows that count; 0 if none does
}

interface Sheet {
  readonly weights: ArrayLike<number>; // row by row
  readonly rows: number;
  readonly columns: number;
  readonly mask: ArrayLike<number> | null; // 0 where a place is seen
  readonly self: boolean; // rows and columns are the same tokens
  readonly keys: readonly Pick<Token, "text">[] | null;
  readonly padding: ReadonlySet<number>; // rows that are padding
}

export function describe({ weights, rows, columns, mask, self, keys, padding }: Sheet): HeadFacts {
  const counted = Array.from({ length: rows }, (_, row) => row).filter((row) => !padding.has(row) && seen(mask, row, columns) > 1);
  if (counted.length === 0) return { habit: "sees one place only", entropy: 0 };
  const rowOf = (row: number) => Array.from({ length: columns }, (_, column) => weights[row * columns + column]);
  const average = (of: (row: number) => number) => counted.reduce((sum, row) => sum + of(row), 0) / counted.length;
  const habits: { name: string; weight: number }[] = [];
  if (self) {
    // A row at the edge has no neighbour there: the mean is over the rows that have one.
    for (const [name, step] of [["looks at the token before", -1], ["looks at itself", 0], ["looks at the token after", 1]] as const) {
      const own = counted.filter((row) => row + step >= 0 && row + step < columns);
      const weight = own.reduce((sum, row) => sum + weights[row * columns + row + step], 0) / own.length;
      if (own.length > 1) habits.push({ name, weight });
    }
  }
  for (let column = 0; column < columns; column++) {
    habits.push({ name: `looks at ${keys?.[column].text ?? `place ${column}`}`, weight: average((row) => weights[row * columns + column]) });
  }
  const best = habits.reduce((a, b) => (b.weight > a.weight ? b : a));
  const mixed = average((row) => entropy(rowOf(row)));
  const even = average((row) => Math.log(seen(mask, row, columns)));
  const centre = (row: number) => rowOf(row).reduce((sum, weight, column) => sum + weight * column, 0);
  const habit =
    best.weight >= HABIT ? best.name
    : mixed >= SPREAD * even ? "spread out"
    : correlation(counted, counted.map(centre)) >= ORDER ? "in sentence order"
    : mixed <= SHARP * even ? "one word at a time"
    : "a few words at a time";
  return { habit, entropy: mixed };
}

function seen(mask: ArrayLike<number> | null, row: number, columns: number): number {
  if (!mask) return columns;
  let count = 0;
  for (let column = 0; column < columns; column++) if (mask[row * columns + column] === 0) count++;
  return count;
}

/** Pearson's correlation; 0 where one side does not vary. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const centre = (list: readonly number[]) => {
    const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
    return list.map((x) => x - mean);
  };
  const [x, y] = [centre(a), centre(b)];
  const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, i) => sum + value * q[i], 0);
  const size = Math.sqrt(dot(x, x) * dot(y, y));
  return size === 0 ? 0 : dot(x, y) / size;
}
