// Reverse mode: the vector-Jacobian product of each operation (Griewank & Walther 2008, chapter 3).
// C is one number made from all that follows an operation y = f(x), and `down` is dC/dy, a number for each cell of y. A
// rule gives dC/dx = Σ dC/dy · dy/dx, for each operand x that is `wanted`. Ids and masks have none.

import { last, size, type Numbers } from "../shapes";
import { rowOf } from "../vectors";
import { turn } from "./angles";
import { erf } from "./erf";
import { OPS, type OpName } from "./index";
import { NORMS, type Norm } from "./norms";
import { data, type Node } from "./op";
import { angleAt } from "./positions";
import { PRODUCTS, type Product } from "./products";

/** dC/dx, by the role of x. */
export type Gradients = { readonly [role: string]: Float64Array };
type Wanted = (role: string) => boolean;
type Rule = (node: Node, down: Float64Array, wanted: Wanted) => Gradients;

/** y = f(x), cell by cell: dC/dx = dC/dy · f′(x). */
const pointwise = (slope: (x: number) => number): Rule => (node, down) => {
  const x = data(node, "x");
  return { x: down.map((dy, i) => dy * slope(x[i])) };
};

/** x repeats along y, as one mask does for all heads: what reaches its copies adds up. */
function folded(down: Float64Array, shape: readonly number[]): Float64Array {
  const result = new Float64Array(size(shape));
  down.forEach((dy, i) => (result[i % result.length] += dy));
  return result;
}

/** y = a + b: dC/da = dC/db = dC/dy. */
const add: Rule = ({ operands }, down) => ({ a: down, b: folded(down, operands.b.shape) });

/** y = a · b, cell by cell: dC/da = dC/dy · b, dC/db = dC/dy · a. */
const multiply: Rule = (node, down) => {
  const [a, b] = [data(node, "a"), data(node, "b")];
  return { a: down.map((dy, i) => dy * b[i % b.length]), b: folded(down.map((dy, i) => dy * a[i]), node.operands.b.shape) };
};

/** What an operation adds to every row, or multiplies it by, is one number for each column: dC/dy adds up over the rows. */
const ofColumns = ({ operands }: Node, role: string, down: () => Float64Array, wanted: Wanted): Gradients =>
  (operands[role] && wanted(role) ? { [role]: folded(down(), operands[role].shape) } : {});

/** y = Σₖ aₖ bₖ, perhaps + bias: dC/daₖ = Σ dC/dy · bₖ, over all y that aₖ is in; the same for b. */
const product = ({ roles: [first, second], address }: Product): Rule => (node, down, wanted) => {
  const [a, b] = [wanted(second) ? data(node, first) : null, wanted(first) ? data(node, second) : null];
  const da = b && new Float64Array(size(node.operands[first].shape));
  const db = a && new Float64Array(size(node.operands[second].shape));
  const at = address(node);
  down.forEach((dy, flat) => {
    if (dy === 0) return; // most logits
    const { a: i, aStride, b: j, bStride, n } = at(flat);
    if (da) for (let k = 0; k < n; k++) da[i + k * aStride] += dy * b[j + k * bStride];
    if (db) for (let k = 0; k < n; k++) db[j + k * bStride] += dy * a[i + k * aStride];
  });
  return { ...(da && { [first]: da }), ...(db && { [second]: db }), ...ofColumns(node, "bias", () => down, wanted) };
};

/** y is x with its cells in other places: each gradient goes where its cell came from. */
const moved = (op: "split_heads" | "merge_heads"): Rule => (node, down) => {
  const result = new Float64Array(down.length);
  down.forEach((dy, flat) => (result[OPS[op].cells(node, flat)[0].flat] = dy));
  return { x: result };
};

/** A point turned by θ: its gradient is turned back by θ, for a rotation's transpose is its inverse. */
const rotary: Rule = (node, down) => ({
  x: down.map((_, flat) => {
    const pair = flat - (flat % 2);
    return turn([down[pair], down[pair + 1]], -angleAt(node, flat))[flat % 2];
  }),
});

/** y = x where the mask lets it be seen, else −∞, whatever x is. */
const mask: Rule = (node, down) => {
  const reason = data(node, "mask");
  return { x: down.map((dy, i) => (reason[i % reason.length] === 0 ? dy : 0)) };
};

/** Row by row: what a rule makes of x and dC/dy of one row. */
function byRow(node: Node, down: Float64Array, rule: (x: Numbers, dy: Float64Array, row: number) => (i: number) => number): Gradients {
  const [x, n] = [data(node, "x"), last(node.shape)];
  const result = new Float64Array(down.length);
  for (let row = 0; row < down.length / n; row++) {
    const of = rule(rowOf(x, n, row), rowOf(down, n, row), row);
    for (let i = 0; i < n; i++) result[row * n + i] = of(i);
  }
  return { x: result };
}

/** y = softmax(x): dC/dxᵢ = yᵢ (dC/dyᵢ − Σⱼ dC/dyⱼ yⱼ). */
const softmax: Rule = (node, down) => {
  const y = OPS.softmax.value(node);
  return byRow(node, down, (_, dy, row) => {
    const own = Float64Array.from(dy, (_, i) => y(row * dy.length + i));
    const mean = own.reduce((sum, p, i) => sum + p * dy[i], 0);
    return (i) => own[i] * (dy[i] - mean);
  });
};

/**
 * y = gain · x̂ + bias with x̂ = (x − mean) / s, s = √(variance + ε): dC/dx = (g − mean(g) − x̂ · mean(g x̂)) / s, where
 * g = gain · dC/dy. Without the means of x and of g for RMSNorm, which subtracts none.
 */
const norm = ({ shared, centred }: Norm): Rule => (node, down, wanted) => {
  const gain = node.operands.gain?.values; // the lecture's norms have none
  const units = new Float64Array(down.length);
  const x = byRow(node, down, (x, dy, row) => {
    const [middle, spread] = shared(x, Number(node.attributes.eps ?? 0));
    x.forEach((value, i) => (units[row * x.length + i] = (value - middle) / spread));
    const g = dy.map((one, i) => (gain?.[i] ?? 1) * one);
    const unit = (i: number) => units[row * x.length + i];
    const mean = centred ? g.reduce((sum, one) => sum + one, 0) / g.length : 0;
    const along = g.reduce((sum, one, i) => sum + one * unit(i), 0) / g.length;
    return (i) => (g[i] - mean - unit(i) * along) / spread;
  });
  return { ...x, ...ofColumns(node, "gain", () => down.map((dy, i) => dy * units[i]), wanted), ...ofColumns(node, "bias", () => down, wanted) };
};

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Φ′(x) */
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** y is rows of a table: a row gets what reaches all its copies. */
const lookup: Rule = (node, down) => {
  const [ids, width] = [data(node, "ids"), last(node.shape)];
  const result = new Float64Array(size(node.operands.table.shape));
  down.forEach((dy, flat) => (result[ids[Math.floor(flat / width)] * width + (flat % width)] += dy));
  return { table: result };
};

// The way down begins at the logits, and ends at what was not made from anything learnt.
type OnTheWay = Exclude<OpName, "parameter" | "input" | "positions" | "log_softmax">;

export const BACKWARD: { readonly [op in OnTheWay]: Rule } = {
  add,
  multiply,
  lookup,
  /** y = x · factor */
  scale: (node, down) => ({ x: down.map((dy) => dy * Number(node.attributes.factor)) }),
  relu: pointwise((x) => (x > 0 ? 1 : 0)),
  /** (x Φ(x))′ = Φ(x) + x Φ′(x) */
  gelu: pointwise((x) => 0.5 * (1 + erf(x / Math.SQRT2)) + x * density(x)),
  /** (x σ(x))′ = σ(x) (1 + x (1 − σ(x))) */
  silu: pointwise((x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
  linear: product(PRODUCTS.linear),
  matmul: product(PRODUCTS.matmul),
  matmul_transposed: product(PRODUCTS.matmul_transposed),
  split_heads: moved("split_heads"),
  merge_heads: moved("merge_heads"),
  rotary,
  mask,
  softmax,
  layernorm: norm(NORMS.layernorm),
  rmsnorm: norm(NORMS.rmsnorm),
};

/** Whether gradients come down through an operation. */
export const onTheWay = (op: OpName): op is OnTheWay => op in BACKWARD;
