// Where a view of places opens.

import type { Axis } from "../record";

const BEGINS = /^▁\p{L}/u; // a word, and no apostrophe or what stands behind one

/** The first place from `wanted` on at which a word begins; where there is none, `wanted`, or the last place. */
export function wordFrom({ tokens, size }: Axis, wanted: number): number {
  const place = tokens?.findIndex(({ piece }, i) => i >= wanted && BEGINS.test(piece)) ?? -1;
  return place < 0 ? Math.min(wanted, size - 1) : place;
}
