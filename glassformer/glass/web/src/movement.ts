// Whether an edit has moved a number, or only the arithmetic has.

import type { Tensor } from "./record";
import type { Numbers } from "./shapes";

/** Differences this small, beside the tensor's own numbers, are those of the arithmetic and not of the edit. */
const roundingOf = ({ dtype }: Tensor): number => (dtype === "float64" ? 1e-12 : 1e-5);

/** Whether a cell has moved from `before` to `after` by more than rounding, in a tensor whose largest number is `size`. */
export const hasMoved = (tensor: Tensor, size: number, before: number, after: number): boolean =>
  !Object.is(before, after) && Math.abs(after - before) > roundingOf(tensor) * Math.max(size, 1);

/** The largest number of a tensor, without its sign. */
export function sizeOf(values: Numbers): number {
  let most = 0;
  for (const one of values) if (Number.isFinite(one)) most = Math.max(most, Math.abs(one));
  return most;
}
