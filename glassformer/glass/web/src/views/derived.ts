// Numbers that a view has computed, as a graph of one tensor, so that they are drawn as every matrix is.

import { Graph } from "../graph";
import type { Axis, Tensor, Token } from "../record";

export interface Side {
  readonly title: string; // not the same on both sides, unless they are the same places
  readonly size: number;
  readonly labels?: readonly string[]; // else the places are counted
}

export const DRAWN = "drawn";

/** The graph whose tensor `DRAWN` has these numbers, row by row. */
export function drawn(graph: Graph, label: string, rows: Side, columns: Side, values: Float64Array): Graph {
  const axis = ({ size, labels }: Side): Axis => ({ size, tokens: labels?.map((text) => ({ text }) as Token) });
  const tensor: Tensor = {
    name: DRAWN, label, op: "input", operands: {}, attributes: {}, axes: [rows.title, columns.title], roles: null,
    shape: [rows.size, columns.size], dtype: "float64", data: null, columns: null, statistics: {},
  };
  const axes = { [rows.title]: axis(rows), [columns.title]: axis(columns) };
  const picture = new Graph({ ...graph.trace, axes, tensors: [tensor] }, graph.label);
  picture.edit(DRAWN, values);
  return picture;
}
