// Norms over the last axis: LayerNorm (Ba et al. 2016) and RMSNorm (Zhang & Sennrich 2019).

import { show } from "../numbers";
import { deviation, mean, rootMeanSquare } from "../vectors";
import { bracketed, type Op } from "./op";
import { rowOp, type RowRule } from "./rows";

/** A norm; `shared` gives the mean that it subtracts (0: none) and what it divides by. */
interface NormRule extends RowRule {
  readonly title: string;
  readonly centred: boolean; // whether the mean is subtracted
  readonly spread: string; // what it divides by, in words
}
export type Norm = NormRule & Op;

const norm = (rule: NormRule): Norm => rowOp(rule);

export const NORMS = {
  layernorm: norm({
    title: "Layer norm",
    words: "Each row brought to mean 0 and variance 1, then gain and bias; from",
    formula: "(x − mean) / √(variance + ε)",
    centred: true,
    spread: "deviation",
    trained: ["gain", "bias"],
    shared: (row, eps) => [mean(row), deviation(row, eps)],
    cell: (x, [middle, spread]) => (x - middle) / spread,
    termName: "x − mean",
    term: (x, [middle]) => x - middle,
    facts: ([middle, spread]) => [["mean", middle], ["√(variance + ε)", spread]],
    numbers: (x, [middle, spread]) => `(${show(x)} − ${bracketed(middle)}) / ${show(spread)}`,
    lines: ({ eps }) => ["mean = sum(x) / len(x)", `deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + ${eps})`],
    result: (column) => `(x[${column}] - mean) / deviation`,
  }),
  rmsnorm: norm({
    title: "RMS norm",
    words: "Each row divided by its root mean square, then the gain; from",
    formula: "x / √(mean of x² + ε)",
    centred: false,
    spread: "root mean square",
    trained: ["gain"],
    shared: (row, eps) => [0, rootMeanSquare(row, eps)],
    cell: (x, [, spread]) => x / spread,
    termName: "x²",
    term: (x) => x * x,
    facts: ([, spread]) => [["√(mean of x² + ε)", spread]],
    numbers: (x, [, spread]) => `${show(x)} / ${show(spread)}`,
    lines: ({ eps }) => [`deviation = math.sqrt(sum(v * v for v in x) / len(x) + ${eps})`],
    result: (column) => `x[${column}] / deviation`,
  }),
};

/** The norm of that name; null if it is another operation's, or nothing's. */
export const normOf = (name: unknown): Norm | null => (NORMS as { readonly [name: string]: Norm })[String(name)] ?? null;
