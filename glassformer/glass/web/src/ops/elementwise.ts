// Operations whose cell is made from the cells at the same place of their operands.

import { show } from "../numbers";
import { size } from "../shapes";
import { erf } from "./erf";
import { bracketed, data, described, symbol, type Attributes, type Cell, type Node, type Op, type OperandCell } from "./op";
import { literal } from "./python";

type Pointwise = Pick<Op, "cells" | "value">;

/** One cell of each role, passed to `f`. The last operand may be smaller and repeat: heads share one mask. */
export const pointwise = (roles: readonly string[], f: (x: number, y: number, attributes: Attributes) => number): Pointwise => ({
  cells: (node, flat) => roles.map((role) => ({ role, flat: flat % size(node.operands[role].shape) })),
  value(node: Node) {
    const x = data(node, roles[0]);
    const y = data(node, roles[roles.length - 1]);
    const repeat = size(node.operands[roles[roles.length - 1]].shape);
    return (flat) => f(x[flat], y[flat % repeat], node.attributes);
  },
});

/** The values of an operation's one or two operand cells as Python. */
export const literals = ({ operands }: Cell<OperandCell>): string[] => operands.map((one) => literal(one.value));

interface Activation extends Op {
  readonly title: string;
}

function activation(title: string, made: string, f: (x: number) => number, formula: string, numbers: (x: number) => string, python: string): Activation {
  return {
    title,
    made: () => made,
    ...pointwise(["x"], f),
    describe: ({ operands }) => described(operands, formula.replace("#", symbol(operands[0])), numbers(operands[0].value)),
    python: (cell) => [[], python.replaceAll("#", literals(cell)[0])],
  };
}

// In formulas and Python # stands for the cell of x.
export const ACTIVATIONS = {
  relu: activation("ReLU", "Negative numbers become 0; from", (x) => Math.max(x, 0),
    "max(0, #)", (x) => `max(0, ${show(x)})`, "max(0.0, #)"),
  /** Hendrycks & Gimpel 2016: x times the normal distribution function of x. */
  gelu: activation("GELU", "GELU, cell by cell, of", (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    "x · Φ(x),  x = #", (x) => `${bracketed(x)} · Φ(${show(x)})`, "0.5 * # * (1 + math.erf(# / math.sqrt(2)))"),
  silu: activation("SiLU", "SiLU, cell by cell, of", (x) => x / (1 + Math.exp(-x)),
    "x / (1 + exp(−x)),  x = #", (x) => `${show(x)} / (1 + exp(${show(-x)}))`, "# / (1 + math.exp(-(#)))"),
};

/** The activation of that name; null if it is another operation's, or nothing's. */
export const activationOf = (name: unknown): Activation | null =>
  (ACTIVATIONS as { readonly [name: string]: Activation })[String(name)] ?? null;

export const ELEMENTWISE = {
  add: {
    made: () => "The sum of",
    ...pointwise(["a", "b"], (a, b) => a + b),
    describe: ({ operands }) => {
      const [a, b] = operands;
      return described(operands, `${symbol(a)} + ${symbol(b)}`, `${show(a.value)} + ${bracketed(b.value)}`, true);
    },
    python: (cell) => [[], literals(cell).join(" + ")],
  },
  multiply: {
    made: () => "The product, cell by cell, of",
    ...pointwise(["a", "b"], (a, b) => a * b),
    describe: ({ operands }) => {
      const [a, b] = operands;
      return described(operands, `${symbol(a)} · ${symbol(b)}`, `${bracketed(a.value)} · ${bracketed(b.value)}`);
    },
    python: (cell) => [[], literals(cell).join(" * ")],
  },
  scale: {
    made: ({ text }) => `Times ${text}:`,
    ...pointwise(["x"], (x, _, { factor }) => x * Number(factor)),
    describe: ({ operands, attributes: { text, factor } }) =>
      described(operands, `${symbol(operands[0])} · ${text}`, `${bracketed(operands[0].value)} · ${show(Number(factor))}`),
    python: (cell) => [[], `${literals(cell)[0]} * ${cell.attributes.factor}`],
  },
  ...ACTIVATIONS,
} satisfies { readonly [op: string]: Op };
