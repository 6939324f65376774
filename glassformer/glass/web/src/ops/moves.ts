// Operations that compute nothing: a cell is a cell of a table or of x, at another place.

import { last } from "../shapes";
import { data, described, symbol, type CellRef, type Node, type Op } from "./op";

/** Columns to heads or back; `source` is the place in x that a cell comes from. */
const moved = (made: string, source: (node: Node) => (flat: number) => number): Op => ({
  made: () => made,
  cells: (node, flat) => [{ role: "x", flat: source(node)(flat) }],
  value: (node) => {
    const [x, at] = [data(node, "x"), source(node)];
    return (flat) => x[at(flat)];
  },
  describe: ({ operands }) => described(operands, symbol(operands[0]), ""),
  python: () => null,
});

/** out[t, d] = table[ids[t], d] */
const lookup: Op = {
  made: () => "Rows looked up, with",
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
  describe: ({ operands }) => described(operands, symbol(last(operands)), ""),
  python: () => null,
};

export const MOVES = {
  lookup,
  /** out[h, r, c] = x[r, h * K + c] */
  split_heads: moved("The columns dealt out to the heads, of", ({ shape: [heads, rows, width] }) => (flat) => {
    const column = flat % width;
    const row = Math.floor(flat / width) % rows;
    const head = Math.floor(flat / (width * rows));
    return row * heads * width + head * width + column;
  }),
  /** out[r, c] = x[c // K, r, c % K] */
  merge_heads: moved("The heads side by side again, of", ({ shape: [rows, columns], operands }) => {
    const width = last(operands.x.shape);
    return (flat) => {
      const column = flat % columns;
      const row = (flat - column) / columns;
      return Math.floor(column / width) * rows * width + row * width + (column % width);
    };
  }),
};
