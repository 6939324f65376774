// The operations: for each one a record of everything that the page knows of it, in a file for its family.
// Python has the same families in `glass/ops/`; `tests/glass/vectors.json` holds the two to each other and to torch.
// How to add an operation: `docs/recipes/operation.md`.

import { size } from "../shapes";
import { ELEMENTWISE } from "./elementwise";
import { LEAVES } from "./leaves";
import { MASK } from "./mask";
import { MOVES } from "./moves";
import { NORMS } from "./norms";
import type { CellRef, Node, Op } from "./op";
import { POSITIONS } from "./positions";
import { PRODUCTS } from "./products";
import { SOFTMAX } from "./softmax";

const ALL = { ...LEAVES, ...MOVES, ...POSITIONS, ...ELEMENTWISE, ...PRODUCTS, ...MASK, ...SOFTMAX, ...NORMS };

export type OpName = keyof typeof ALL;
export const OPS: { readonly [op in OpName]: Op } = ALL;

/** A tensor by the name of its operation, with its operands in reach. */
export interface OpNode extends Node {
  readonly op: OpName;
}

export const isLeaf = (op: OpName): boolean => op in LEAVES;

/** Whether everything is carried that computing the tensor takes. */
export const computable = (node: OpNode): boolean =>
  !isLeaf(node.op) && Object.values(node.operands).every((operand) => operand.values !== null);

/** Which operand cells make this cell, in the order the formula reads them. */
export const cellOperands = (node: OpNode, flat: number): CellRef[] => OPS[node.op].cells(node, flat);

/** The cell in double precision from its operands; NaN where one of them is not carried. */
export const cellValue = (node: OpNode, flat: number): number => (computable(node) ? OPS[node.op].value(node)(flat) : NaN);

/** The whole tensor from its operands, rounded to float32 (or kept, `precise`); null where one is not carried. */
export function evaluate(node: OpNode, precise = false): Float32Array | Float64Array | null {
  if (!computable(node)) return null;
  const n = size(node.shape);
  const result = precise ? new Float64Array(n) : new Float32Array(n);
  const value = OPS[node.op].value(node);
  for (let flat = 0; flat < n; flat++) result[flat] = value(flat);
  return result;
}
