// Operations that read a whole row: what the row shares is computed once, then each cell from it.

import { last, type Numbers } from "../shapes";
import { rowOf } from "../vectors";
import { bracketed, columnOf, data, refs, symbol, type Attributes, type Cell, type Op, type OperandCell } from "./op";
import { list, literal } from "./python";

type Shared = readonly [number, number];

/** How a row operation computes and is written; x is the cell of the operand that stands at the same place. */
export interface RowRule {
  readonly words: string; // how it was made, before the operand's name
  readonly formula: string; // of one cell, before gain and bias
  readonly trained: readonly ("gain" | "bias")[]; // operands with one cell per column
  shared(row: Numbers, eps: number): Shared; // two numbers that a row shares
  cell(x: number, shared: Shared): number; // before gain and bias
  readonly termName: string; // what a cell of the row contributes
  term(x: number, shared: Shared): number;
  facts(shared: Shared): readonly (readonly [string, number])[];
  numbers(x: number, shared: Shared): string; // the formula with numbers
  lines(attributes: Attributes): readonly string[]; // Python: what the row shares
  result(column: number): string; // Python: the cell
}

export const rowOp = <Rule extends RowRule>(rule: Rule): Rule & Op => ({
  ...rule,
  made: () => rule.words,
  cells(node, flat) {
    const n = last(node.shape);
    const column = flat % n;
    const given = rule.trained.filter((role) => node.operands[role]);
    return [...refs("x", flat - column, n), ...given.map((role) => ({ role, flat: column }))];
  },
  value(node) {
    const n = last(node.shape);
    const x = data(node, "x");
    const gain = node.operands.gain ? data(node, "gain") : null;
    const bias = node.operands.bias ? data(node, "bias") : null;
    let start = -1;
    let shared: Shared = [0, 0];
    return (flat) => {
      const column = flat % n;
      if (flat - column !== start) {
        start = flat - column;
        shared = rule.shared(rowOf(x, n, start / n), epsOf(node));
      }
      return rule.cell(x[flat], shared) * (gain ? gain[column] : 1) + (bias ? bias[column] : 0);
    };
  },
  describe(cell) {
    const { row, trained, x } = parts(cell);
    const shared = rule.shared(Float64Array.from(row, (one) => one.value), epsOf(cell));
    return {
      formula: `${rule.formula}${trained.map((one) => ` ${sign(one)} ${symbol(one)}`).join("")},  x = ${symbol(x)}`,
      numbers: `${rule.numbers(x.value, shared)}${trained.map((one) => ` ${sign(one)} ${bracketed(one.value)}`).join("")}`,
      terms: [
        ...row.map((one) => ({ factors: [one], value: rule.term(one.value, shared) })),
        ...trained.map((one) => ({ factors: [one], value: one.value })),
      ],
      termName: rule.termName,
      sums: true,
      facts: rule.facts(shared),
    };
  },
  python(cell) {
    const { row, trained } = parts(cell);
    const after = trained.map((one) => ` ${one.role === "gain" ? "*" : "+"} ${literal(one.value)}`).join("");
    return [[`x = ${list(row)}`, ...rule.lines(cell.attributes)], rule.result(columnOf(cell)) + after];
  },
});

const epsOf = ({ attributes }: { readonly attributes: Attributes }): number => Number(attributes.eps ?? 0);

/** The row's cells, the gain and bias of the column, and the cell of x in that column. */
function parts<C extends OperandCell>({ operands, index }: Cell<C>): { row: readonly C[]; trained: readonly C[]; x: C } {
  const row = operands.filter((one) => one.role === "x");
  return { row, trained: operands.filter((one) => one.role !== "x"), x: row[last(index)] };
}

const sign = (one: OperandCell): string => (one.role === "gain" ? "·" : "+");
