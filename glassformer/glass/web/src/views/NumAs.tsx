// A cell's number written in a form of its own, as a share or with fewer decimals; like Num it opens the cell.

import type { Graph } from "../graph";
import { cellName } from "../labels";
import { flatten } from "../shapes";
import { openCell } from "../store";

interface Props {
  graph: Graph;
  tensor: string;
  index: readonly number[];
  text: string;
  onOpen?(tensor: string, index: readonly number[]): void; // where the cell is not of the trace that is open
}

export function NumAs({ graph, tensor: name, index, text, onOpen = openCell }: Props) {
  const tensor = graph.tensor(name);
  const value = graph.values(name)?.[flatten(tensor.shape, index)] ?? NaN;
  return (
    <button class="num" aria-label={`${text}: ${cellName(graph, tensor, index, value)}`} onClick={() => onOpen(name, index)}>
      {text}
    </button>
  );
}
