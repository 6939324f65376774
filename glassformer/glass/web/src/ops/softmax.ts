// Softmax and its logarithm, over the last axis.

import { show } from "../numbers";
import type { Numbers } from "../shapes";
import { bracketed, columnOf, symbol, type Cell, type Description, type Op, type OperandCell, type Python } from "./op";
import { literal } from "./python";
import { rowOp } from "./rows";

/** The largest of a row and the sum of exp(x - largest); of only −inf, a sum of 0. */
function exponentials(row: Numbers): readonly [number, number] {
  let largest = -Infinity;
  for (let k = 0; k < row.length; k++) largest = Math.max(largest, row[k]);
  let sum = 0;
  if (largest > -Infinity) for (let k = 0; k < row.length; k++) sum += Math.exp(row[k] - largest);
  return [largest, sum];
}

const softmax = rowOp({
  words: "The softmax, over each row, of",
  formula: "exp(x − max) / Σⱼ exp(xⱼ − max)",
  trained: [],
  shared: exponentials,
  cell: (x, [largest, sum]) => (sum === 0 ? 0 : Math.exp(x - largest) / sum),
  termName: "exp(x − max)",
  term: (x, [largest]) => Math.exp(x - largest),
  facts: ([largest, sum]) => [["max", largest], ["Σ exp(x − max)", sum]],
  numbers: (x, [largest, sum]) => (sum === 0 ? "0, for nothing may be seen" : `exp(${show(x)} − ${bracketed(largest)}) / ${show(sum)}`),
  lines: () => ["e = [math.exp(v - max(x)) for v in x]"],
  result: (column) => `e[${column}] / sum(e)`,
});

const total = ([largest, sum]: readonly [number, number]): number => largest + Math.log(sum);
const TOTAL = "ln Σ exp(x)";

const whole = rowOp({
  words: "The logarithm of the softmax, over each row, of",
  formula: "x − ln Σⱼ exp(xⱼ)",
  trained: [],
  shared: exponentials,
  cell: (x, shared) => x - total(shared),
  termName: "probability",
  term: (x, shared) => Math.exp(x - total(shared)),
  facts: (shared) => [[TOTAL, total(shared)]],
  numbers: (x, shared) => `${show(x)} − ${bracketed(total(shared))}`,
  lines: () => ["e = [math.exp(v - max(x)) for v in x]"],
  result: (column) => `x[${column}] - max(x) - math.log(sum(e))`,
});

const isPartial = ({ operands }: Cell<OperandCell>): boolean => operands.some(({ value }) => Number.isNaN(value));

/** Where the record leaves logits out, they are no terms; the recorded logsumexp counts them all the same. */
function describePartial<C extends OperandCell>(cell: Cell<C>): Description<C> {
  const [x, sum] = [cell.operands[columnOf(cell)], cell.statistic("logsumexp")];
  const carried = cell.operands.filter(({ value }) => !Number.isNaN(value));
  return {
    formula: `${whole.formula},  x = ${symbol(x)}`,
    numbers: `${show(x.value)} − ${bracketed(sum)}`,
    terms: carried.map((one) => ({ factors: [one], value: Math.exp(one.value - sum) })),
    termName: "probability",
    sums: true,
    facts: [[TOTAL, sum]],
    leftOut: cell.operands.length - carried.length,
  };
}

function pythonOfPartial(cell: Cell<OperandCell>): Python | null {
  const { value } = cell.operands[columnOf(cell)];
  if (Number.isNaN(value)) return null;
  const comment = "# the record keeps some logits only; their logsumexp counts all";
  return [[comment], `${literal(value)} - ${literal(cell.statistic("logsumexp"))}`];
}

const log_softmax: Op = {
  ...whole,
  describe: (cell) => (isPartial(cell) ? describePartial(cell) : whole.describe(cell)),
  python: (cell) => (isPartial(cell) ? pythonOfPartial(cell) : whole.python(cell)),
};

export const SOFTMAX = { softmax, log_softmax };
