// The vectors that hold the rules of Python and TypeScript together.

import { readFileSync } from "node:fs";
import type { OpName } from "../src/ops";
import type { Attributes } from "../src/ops/op";

export interface OpVector {
  op: OpName;
  attributes: Attributes;
  operands: { [role: string]: { shape: number[]; values: (number | string)[] } };
  shape: number[];
  result: (number | string)[];
  index: number[];
  value: number | string;
  cells: [role: string, index: number[]][];
}

const file = new URL("../../../../tests/glass/vectors.json", import.meta.url);
export const VECTORS: { ops: OpVector[]; numbers: [number | string, string][] } = JSON.parse(readFileSync(file, "utf8"));

/** JSON has no infinities; they are written as words. */
export const number = (value: number | string): number =>
  typeof value === "number" ? value : value === "nan" ? NaN : value === "-inf" ? -Infinity : Infinity;
