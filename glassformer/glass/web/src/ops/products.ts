// Matrix products: a cell is the sum of the products of two rows, or of a row and a column.

import { last, size, type Numbers } from "../shapes";
import { bracketed, cellSymbol, data, symbol, type Cell, type CellRef, type Description, type Node, type Op, type OperandCell, type Term } from "./op";
import { list, literal } from "./python";

/** Where a dot product's factors stand: a, a + aStride, ... times b, b + bStride, ..., n of them; bias -1: none. */
export interface Dot {
  readonly a: number;
  readonly aStride: number;
  readonly b: number;
  readonly bStride: number;
  readonly n: number;
  readonly bias: number;
}
type Address = (node: Node) => (flat: number) => Dot;

/** Four sums side by side, which a processor adds up at once: most of the page's computing is here. */
function sumOfProducts(a: Numbers, b: Numbers, { a: i, aStride, b: j, bStride, n }: Dot): number {
  let [one, two, three, four] = [0, 0, 0, 0];
  const whole = n - (n % 4);
  for (let k = 0; k < whole; k += 4, i += 4 * aStride, j += 4 * bStride) {
    one += a[i] * b[j];
    two += a[i + aStride] * b[j + bStride];
    three += a[i + 2 * aStride] * b[j + 2 * bStride];
    four += a[i + 3 * aStride] * b[j + 3 * bStride];
  }
  for (let k = whole; k < n; k++, i += aStride, j += bStride) one += a[i] * b[j];
  return one + two + (three + four);
}

const linearAddress: Address = ({ shape, operands }) => {
  const n = last(operands.x.shape);
  const columns = last(shape);
  return (flat) => {
    const column = flat % columns;
    const row = (flat - column) / columns;
    return { a: row * n, aStride: 1, b: column * n, bStride: 1, n, bias: operands.bias ? column : -1 };
  };
};

/** b holds its k-th factor in row k, or, transposed, in column k; with fewer heads than a, groups share one. */
const matmulAddress = (transposed: boolean): Address => ({ shape, operands: { a, b } }) => {
  const [rows, columns] = shape.slice(-2);
  const n = last(a.shape);
  const group = size(a.shape.slice(0, -2)) / size(b.shape.slice(0, -2));
  return (flat) => {
    const column = flat % columns;
    const row = (flat - column) / columns; // counts through the heads: head * rows + row
    const matrix = Math.floor(Math.floor(row / rows) / group) * n * columns;
    const start = matrix + (transposed ? column * n : column);
    return { a: row * n, aStride: 1, b: start, bStride: transposed ? 1 : columns, n, bias: -1 };
  };
};

/** An operation whose cells are dot products. */
export interface Product extends Op {
  readonly roles: readonly [string, string]; // of the two operands that are multiplied
  readonly address: Address;
}

/** A product of the operands in two roles; `byRow`: the sum runs down the rows of the second, not along its columns. */
const product = (made: string, roles: readonly [string, string], address: Address, byRow = false): Product => ({
  roles,
  address,
  made: () => made,
  cells(node, flat) {
    const dot = address(node)(flat);
    const cells: CellRef[] = [];
    for (let k = 0; k < dot.n; k++) {
      cells.push({ role: roles[0], flat: dot.a + k * dot.aStride }, { role: roles[1], flat: dot.b + k * dot.bStride });
    }
    if (dot.bias >= 0) cells.push({ role: "bias", flat: dot.bias });
    return cells;
  },
  value(node) {
    const at = address(node);
    const [a, b] = [data(node, roles[0]), data(node, roles[1])];
    const bias = node.operands.bias ? data(node, "bias") : null;
    return (flat) => {
      const dot = at(flat);
      const sum = sumOfProducts(a, b, dot);
      return bias ? sum + bias[dot.bias] : sum;
    };
  },
  describe: (cell) => describe(cell, byRow),
  python({ operands }) {
    const of = (role: string) => operands.filter((one) => one.role === role);
    const bias = of("bias").map((one) => ` + ${literal(one.value)}`).join("");
    return [[`a = ${list(of(roles[0]))}`, `b = ${list(of(roles[1]))}`], `sum(x * y for x, y in zip(a, b))${bias}`];
  },
});

const WRITTEN = 6; // sums up to here are written out; of longer ones the largest few, then "…"
const LARGEST = 3;

function describe<C extends OperandCell>({ operands }: Cell<C>, byRow: boolean): Description<C> {
  const bias = operands.filter((one) => one.role === "bias");
  const factors = operands.filter((one) => one.role !== "bias");
  const terms: Term<C>[] = [];
  for (let k = 0; k < factors.length; k += 2) {
    terms.push({ factors: [factors[k], factors[k + 1]], value: factors[k].value * factors[k + 1].value });
  }
  for (const one of bias) terms.push({ factors: [one], value: one.value });
  const long = terms.length > WRITTEN;
  const weight = ({ value }: Term<C>) => Math.abs(value) || 0;
  const written = long ? [...terms].sort((one, other) => weight(other) - weight(one)).slice(0, LARGEST) : terms;
  const numbers = written.map((term) => term.factors.map((one) => bracketed(one.value)).join("·"));
  return {
    formula: `Σₖ ${running(factors[0], 1)} · ${running(factors[1], byRow ? 2 : 1)}${bias.length ? ` + ${symbol(bias[0])}` : ""}`,
    numbers: `${numbers.join(" + ")}${long ? " + …" : ""}`,
    terms,
    termName: "product",
    sums: true,
    facts: [],
  };
}

/** A factor with k where the sum runs: on the last axis, or on that before it. */
function running(one: OperandCell, fromEnd: number): string {
  const index = one.index.map(String);
  index[index.length - fromEnd] = "k";
  return cellSymbol(one, index);
}

export const PRODUCTS = {
  linear: product("A linear layer (x Wᵀ + b) of", ["x", "weight"], linearAddress),
  matmul: product("The matrix product of", ["a", "b"], matmulAddress(false), true),
  matmul_transposed: product("The matrix product, the second transposed, of", ["a", "b"], matmulAddress(true)),
};
