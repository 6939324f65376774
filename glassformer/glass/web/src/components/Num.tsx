// A number that is a cell of a tensor: a button that opens its explanation. Every number on the page is one of these
// (or stands in a Matrix), so that each can say where it comes from.

import type { Graph } from "../graph";
import { cellName } from "../labels";
import { show } from "../numbers";
import { flatten } from "../shapes";
import { openCell } from "../store";

interface Props {
  graph: Graph;
  tensor: string;
  index: readonly number[];
  text?: string; // shown instead of the value, e.g. "42 %"
  onOpen?(tensor: string, index: readonly number[]): void; // where the cell is not of the trace that is open
}

export function Num({ graph, tensor: name, index, text, onOpen = openCell }: Props) {
  const tensor = graph.tensor(name);
  const value = graph.values(name)?.[flatten(tensor.shape, index)] ?? NaN;
  return (
    <button class="num" aria-label={`${text ? `${text}: ` : ""}${cellName(graph, tensor, index, value)}`} onClick={() => onOpen(name, index)}>
      {text ?? show(value)}
    </button>
  );
}
