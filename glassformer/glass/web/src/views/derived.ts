// Numbers that a view has computed, as a graph of one tensor, so that they are drawn as every matrix is.

import { Graph } from "../graph";
import type { Axis, Tensor, Token } from "../record";

export interface AxisLabels {
  readonly title: string; // not the same on both sides, unless they are the same places
  readonly size: number;
  readonly labels?: readonly string[]; // else the places are counted
}

export const DERIVED = "derived";

/** The graph whose tensor `DERIVED` has these numbers, row by row. */
export function derivedGraph(graph: Graph, label: string, rows: AxisLabels, columns: AxisLabels, values: Float64Array): Graph {
  const axis = ({ size, labels }: AxisLabels): Axis => ({ size, tokens: labels?.map((text) => ({ text }) as Token) });
  const tensor: Tensor = {
    name: DERIVED, label, op: "input", operands: {}, attributes: {}, axes: [rows.title, columns.title], roles: null,
    shape: [rows.size, columns.size], dtype: "float64", data: null, columns: null, statistics: {},
  };
  const axes = { [rows.title]: axis(rows), [columns.title]: axis(columns) };
  const picture = new Graph({ ...graph.trace, axes, tensors: [tensor] }, graph.label);
  picture.edit(DERIVED, values);
  return picture;
}
