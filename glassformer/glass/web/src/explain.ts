// A cell's explanation as data: what it is, the formula, its terms, the numbers put in, the result.
// The panel draws it; copy.ts writes it as LaTeX, Python and CSV.

import type { Graph, Patch } from "./graph";
import { symbolsOf } from "./labels";
import { show } from "./numbers";
import { cellOperands, cellValue, OPS } from "./ops";
import { cellSymbol, type Cell, type Description, type OperandCell, type Term as TermOf } from "./ops/op";
import type { Tensor } from "./record";
import { last, unflatten } from "./shapes";

/** An operand cell; `value` is NaN where the record does not carry it. */
export interface Operand extends OperandCell {
  readonly tensor: Tensor;
  readonly flat: number;
}
export type Term = TermOf<Operand>;

export interface Explanation extends Cell<Operand>, Omit<Description<Operand>, "formula" | "numbers"> {
  readonly tensor: Tensor;
  readonly flat: number;
  readonly value: number; // as recorded (or as edited)
  readonly symbolic: string; // "S[0,2] = ..."
  readonly substituted: string; // "= ... = 0.4200"
  readonly recomputed: number; // in double precision from the operands; NaN where one is missing
  readonly missing: readonly string[]; // operands that the record does not carry
  readonly patch: Patch | undefined; // what holds the cell at its value, which its formula does not give
}

export function explain(graph: Graph, name: string, flat: number): Explanation {
  const tensor = graph.tensor(name);
  const node = graph.node(name);
  const roles = Object.keys(tensor.operands);
  const [own, ...symbols] = symbolsOf([tensor, ...roles.map((role) => graph.tensor(tensor.operands[role]))]);
  const operands = cellOperands(node, flat).map(({ role, flat: at }): Operand => {
    const operand = graph.tensor(tensor.operands[role]);
    const value = graph.values(operand.name)?.[at] ?? NaN;
    return { role, label: symbols[roles.indexOf(role)], tensor: operand, flat: at, index: unflatten(operand.shape, at), value };
  });
  const [value, recomputed] = [graph.values(name)?.[flat] ?? NaN, cellValue(node, flat)];
  const missing = [...new Set(operands.filter((one) => graph.values(one.tensor.name) === null).map((one) => one.tensor.name))];
  const statistic = (key: string): number => graph.statistic(name, key)?.[Math.floor(flat / last(tensor.shape))] ?? NaN;
  const cell = { index: unflatten(tensor.shape, flat), shape: tensor.shape, attributes: tensor.attributes, operands, statistic };
  const { formula, numbers, ...description } = OPS[tensor.op].describe(cell);
  const patch = graph.patchOf(name, flat);
  const [symbol, shown] = [cellSymbol({ label: own }, cell.index), show(patch || Number.isNaN(value) ? recomputed : value)];
  return {
    ...cell,
    ...description,
    tensor,
    flat,
    value,
    symbolic: formula ? `${symbol} = ${formula}` : symbol,
    substituted: numbers ? `= ${numbers} = ${shown}` : `= ${shown}`,
    recomputed,
    missing,
    patch,
  };
}
