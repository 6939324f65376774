// The closed list of ops. Each has one rule: which operand cells make a cell, and what they make.
// Drill-down reads `cells`; recomputing, of one cell or of a whole tensor, runs `value`.

import { angle, positionPair } from "./angles";
import { erf } from "./erf";
import type { Attributes, Numbers, Op } from "./record";
import { size } from "./record";
import { ROWS, type RowRule } from "./rows";
import { last } from "./shapes";

export interface Operand {
  readonly shape: readonly number[];
  readonly values: Numbers | null; // null: not carried by the record
}

/** A tensor with its operands in reach. */
export interface Node {
  readonly op: Op;
  readonly attributes: Attributes;
  readonly shape: readonly number[];
  readonly operands: { readonly [role: string]: Operand };
}

export interface CellRef {
  readonly role: string;
  readonly flat: number;
}

interface Rule {
  /** The operand cells that make cell `flat`, in the order the formula reads them. */
  cells(node: Node, flat: number): CellRef[];
  /** A function from flat index to the cell's value; what a row shares is computed once per row. */
  value(node: Node): (flat: number) => number;
}

const data = (node: Node, role: string): Numbers => node.operands[role].values!;
const refs = (role: string, start: number, n: number): CellRef[] =>
  Array.from({ length: n }, (_, k) => ({ role, flat: start + k }));

// ---- dot products: linear, matmul, matmul_transposed

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

/** The dot-product ops: which roles are multiplied, and where a cell's factors stand. */
export const DOTS: { readonly [op: string]: { readonly roles: readonly [string, string]; readonly address: Address } } = {
  linear: { roles: ["x", "weight"], address: linearAddress },
  matmul: { roles: ["a", "b"], address: matmulAddress(false) },
  matmul_transposed: { roles: ["a", "b"], address: matmulAddress(true) },
};

function dotRule({ roles: [aRole, bRole], address }: (typeof DOTS)[string]): Rule {
  return {
    cells(node, flat) {
      const dot = address(node)(flat);
      const cells: CellRef[] = [];
      for (let k = 0; k < dot.n; k++) {
        cells.push({ role: aRole, flat: dot.a + k * dot.aStride }, { role: bRole, flat: dot.b + k * dot.bStride });
      }
      if (dot.bias >= 0) cells.push({ role: "bias", flat: dot.bias });
      return cells;
    },
    value(node) {
      const at = address(node);
      const [a, b] = [data(node, aRole), data(node, bRole)];
      const bias = node.operands.bias ? data(node, "bias") : null;
      return (flat) => {
        const dot = at(flat);
        let sum = 0;
        for (let k = 0, i = dot.a, j = dot.b; k < dot.n; k++, i += dot.aStride, j += dot.bStride) {
          sum += a[i] * b[j];
        }
        return bias ? sum + bias[dot.bias] : sum;
      };
    },
  };
}

// ---- copies: a cell is another cell

const copyRule = (source: (node: Node) => (flat: number) => number): Rule => ({
  cells: (node, flat) => [{ role: "x", flat: source(node)(flat) }],
  value: (node) => {
    const [x, at] = [data(node, "x"), source(node)];
    return (flat) => x[at(flat)];
  },
});

/** out[h, r, c] = x[r, h * K + c] */
const splitHeads = copyRule(({ shape: [heads, rows, width] }) => (flat) => {
  const column = flat % width;
  const row = Math.floor(flat / width) % rows;
  const head = Math.floor(flat / (width * rows));
  return row * heads * width + head * width + column;
});

/** out[r, c] = x[c // K, r, c % K] */
const mergeHeads = copyRule(({ shape: [rows, columns], operands }) => {
  const width = last(operands.x.shape);
  return (flat) => {
    const column = flat % columns;
    const row = (flat - column) / columns;
    return Math.floor(column / width) * rows * width + row * width + (column % width);
  };
});

/** out[t, d] = table[ids[t], d] */
const lookup: Rule = {
  cells(node, flat) {
    const width = last(node.shape);
    const token = Math.floor(flat / width);
    const ids = node.operands.ids.values;
    const cells: CellRef[] = [{ role: "ids", flat: token }];
    if (ids) cells.push({ role: "table", flat: ids[token] * width + (flat % width) });
    return cells;
  },
  value(node) {
    const [table, ids, width] = [data(node, "table"), data(node, "ids"), last(node.shape)];
    return (flat) => table[ids[Math.floor(flat / width)] * width + (flat % width)];
  },
};

// ---- one operand cell of each role makes a cell

/** The last operand may be smaller and repeat: the mask is shared by the heads. */
const pointRule = (roles: readonly string[], f: (x: number, y: number, attributes: Attributes) => number): Rule => ({
  cells: (node, flat) => roles.map((role) => ({ role, flat: flat % size(node.operands[role].shape) })),
  value: (node) => {
    const x = data(node, roles[0]);
    const y = data(node, roles[roles.length - 1]);
    const repeat = size(node.operands[roles[roles.length - 1]].shape);
    return (flat) => f(x[flat], y[flat % repeat], node.attributes);
  },
});

// ---- rows: every cell of a row takes part

function rowRule({ extra, statistics, cell }: RowRule): Rule {
  return {
    cells(node, flat) {
      const n = last(node.shape);
      const column = flat % n;
      const given = extra.filter((role) => node.operands[role]);
      return [...refs("x", flat - column, n), ...given.map((role) => ({ role, flat: column }))];
    },
    value(node) {
      const n = last(node.shape);
      const x = data(node, "x");
      const gain = node.operands.gain ? data(node, "gain") : null;
      const bias = node.operands.bias ? data(node, "bias") : null;
      let row = -1;
      let shared: readonly [number, number] = [0, 0];
      return (flat) => {
        const column = flat % n;
        if (flat - column !== row) {
          row = flat - column;
          shared = statistics(x, row, n, Number(node.attributes.eps ?? 0));
        }
        return cell(x[flat], shared) * (gain ? gain[column] : 1) + (bias ? bias[column] : 0);
      };
    },
  };
}

// ---- positions

const positions: Rule = {
  cells: () => [],
  value: ({ shape, attributes }) => (flat) => {
    const width = last(shape);
    const { pair, sine } = positionPair(flat % width, width, attributes.layout);
    const at = angle(Number(attributes.start ?? 0) + Math.floor(flat / width), pair, width, Number(attributes.base));
    return sine ? Math.sin(at) : Math.cos(at);
  },
};

/** Columns 2i and 2i + 1 are a point (a, b), turned by the position's angle. */
const rotary: Rule = {
  cells: (_, flat) => refs("x", flat - (flat % 2), 2),
  value(node) {
    const [x, width, rows] = [data(node, "x"), last(node.shape), node.shape[node.shape.length - 2]];
    return (flat) => {
      const column = flat % width;
      const position = (Math.floor(flat / width) % rows) + Number(node.attributes.start ?? 0);
      const at = angle(position, Math.floor(column / 2), width, Number(node.attributes.base));
      const [a, b] = [x[flat - (column % 2)], x[flat - (column % 2) + 1]];
      return column % 2 === 0 ? a * Math.cos(at) - b * Math.sin(at) : b * Math.cos(at) + a * Math.sin(at);
    };
  },
};

const leaf: Rule = { cells: () => [], value: () => () => NaN };

const RULES: { readonly [op in Op]: Rule } = {
  parameter: leaf,
  input: leaf,
  lookup,
  add: pointRule(["a", "b"], (a, b) => a + b),
  multiply: pointRule(["a", "b"], (a, b) => a * b),
  scale: pointRule(["x"], (x, _, { factor }) => x * Number(factor)),
  mask: pointRule(["x", "mask"], (x, reason) => (reason === 0 ? x : -Infinity)),
  relu: pointRule(["x"], (x) => Math.max(x, 0)),
  gelu: pointRule(["x"], (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  silu: pointRule(["x"], (x) => x / (1 + Math.exp(-x))),
  linear: dotRule(DOTS.linear),
  matmul: dotRule(DOTS.matmul),
  matmul_transposed: dotRule(DOTS.matmul_transposed),
  split_heads: splitHeads,
  merge_heads: mergeHeads,
  softmax: rowRule(ROWS.softmax),
  log_softmax: rowRule(ROWS.log_softmax),
  layernorm: rowRule(ROWS.layernorm),
  rmsnorm: rowRule(ROWS.rmsnorm),
  positions,
  rotary,
};

export const isLeaf = (op: Op): boolean => op === "parameter" || op === "input";

/** Whether everything is carried that computing the tensor takes. */
export const computable = (node: Node): boolean =>
  !isLeaf(node.op) && Object.values(node.operands).every((operand) => operand.values !== null);

/** Which operand cells make this cell, in the order the formula reads them. */
export const cellOperands = (node: Node, flat: number): CellRef[] => RULES[node.op].cells(node, flat);

/** The cell in double precision from its operands; NaN where one of them is not carried. */
export const cellValue = (node: Node, flat: number): number => (computable(node) ? RULES[node.op].value(node)(flat) : NaN);

/** The whole tensor from its operands, rounded to float32 (or kept, `precise`); null where one is not carried. */
export function evaluate(node: Node, precise = false): Float32Array | Float64Array | null {
  if (!computable(node)) return null;
  const n = size(node.shape);
  const result = precise ? new Float64Array(n) : new Float32Array(n);
  const value = RULES[node.op].value(node);
  for (let flat = 0; flat < n; flat++) result[flat] = value(flat);
  return result;
}
