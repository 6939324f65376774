// Numbers as Python and CSV write them, in full precision.

import type { OperandCell } from "./op";

/** A number as a spreadsheet reads it; "" where it is not known. */
export const exact = (value: number): string =>
  Number.isNaN(value) ? "" : value === -Infinity ? "-inf" : value === Infinity ? "inf" : String(value);

/** A number as a Python literal. */
export const literal = (value: number): string =>
  Number.isNaN(value) ? "None" : Number.isFinite(value) ? String(value) : `float("${exact(value)}")`;

/** Cells' values as a Python list. */
export const list = (cells: readonly OperandCell[]): string => `[${cells.map((one) => literal(one.value)).join(", ")}]`;
