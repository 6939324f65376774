// A 2-D slice of a tensor, ready to be drawn: which cell stands where, its value, its labels, why it is hidden.

import type { Graph } from "../graph";
import { axisTitle, hasTokens, isStep, maskOf, placeText, writtenAt } from "../labels";
import { shortestMeaning } from "../meaning";
import { hasMoved, sizeOf } from "../movement";
import { scaleOf, UNIT, type Scale } from "../palette";
import { MASK_REASONS } from "../ops/mask";
import { pieceLabel } from "../pieces";
import type { Tensor } from "../record";
import type { Numbers } from "../shapes";

export interface Slice {
  readonly tensor: Tensor;
  readonly rows: number;
  readonly columns: number;
  readonly rowTitle: string;
  readonly columnTitle: string;
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  readonly wordColumns: boolean; // the column labels are words, not numbers
  readonly scale: Scale;
  value(row: number, column: number): number;
  readonly masked: boolean; // whether a mask hides any of it
  /** "future", "padding", ... where a mask hides the cell; else null. */
  hidden(row: number, column: number): string | null;
  /** Whether an edit has changed the cell. */
  moved(row: number, column: number): boolean;
  /** The full index of a cell. */
  index(row: number, column: number): number[];
}

/** The slice of head `head` (0 where there are no heads); null if the numbers are not carried. */
export function sliceOf(graph: Graph, name: string, head: number, scale?: Scale): Slice | null {
  const tensor = graph.tensor(name);
  const values = graph.values(name);
  if (!values) return null;
  const { shape } = tensor;
  const width = shape[shape.length - 1] ?? 1;
  const rows = shape.length > 1 ? shape[shape.length - 2] : 1;
  const places = tensor.columns ?? Array.from({ length: width }, (_, i) => i);
  const start = shape.length > 2 ? head * rows * width : 0;
  const at = (row: number, column: number) => start + row * width + places[column];
  const [rowAxis, columnAxis] = [shape.length - 2, shape.length - 1];
  const mask = maskValues(graph, tensor);
  const before = graph.isChanged(name) ? graph.original(name) : null;
  const size = before ? sizeOf(before) : 0;
  const label = (axis: number) => (i: number) => (axis < 0 ? "" : glossed(graph, tensor, axis, i));
  return {
    tensor,
    rows,
    columns: places.length,
    rowTitle: rowAxis < 0 ? "" : rowTitle(graph, tensor, rowAxis),
    columnTitle: axisTitle(tensor, columnAxis),
    rowLabels: Array.from({ length: rows }, (_, i) => label(rowAxis)(i)),
    columnLabels: places.map(label(columnAxis)),
    wordColumns: hasTokens(graph.trace, tensor, columnAxis),
    scale: scale ?? (tensor.op === "softmax" ? UNIT : scaleOf(within(values, start, rows * width))),
    masked: mask !== null && mask.some((reason) => reason !== 0),
    value: (row, column) => values[at(row, column)],
    hidden: (row, column) => (mask ? MASK_REASONS[mask[row * width + places[column]]] : null),
    moved: (row, column) => before !== null && hasMoved(tensor, size, before[at(row, column)], values[at(row, column)]),
    index: (row, column) => [...(shape.length > 2 ? [head] : []), ...(shape.length > 1 ? [row] : []), places[column]],
  };
}

/** A place's name, and of a word of the target what it means: of a step, the word that is written. */
function glossed(graph: Graph, tensor: Tensor, axis: number, i: number): string {
  const text = placeText(graph, tensor, axis, i);
  const { axes } = tensor;
  if (axes[axis] !== "target" && axes[axis] !== "vocabulary") return text;
  const word = isStep(tensor, axis) ? (writtenAt(graph.trace, i) ?? "") : pieceLabel(text);
  const means = shortestMeaning(graph.trace, word);
  return means ? `${text} · ${means}` : text;
}

/** What the rows are; of the decoder also how its steps are called. */
export const rowTitle = ({ trace }: Graph, tensor: Tensor, axis: number): string =>
  axisTitle(tensor, axis) + (isStep(tensor, axis) && trace.decode ? ", reads → writes" : "");

const within = (values: Numbers, start: number, n: number): Numbers => values.subarray(start, start + n);

function maskValues(graph: Graph, tensor: Tensor): Numbers | null {
  const name = maskOf(graph, tensor);
  return name === null ? null : graph.values(name);
}
