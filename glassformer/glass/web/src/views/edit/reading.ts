// Whether the decoder reads the recorded translation, or the one that a change has made of it.

import type { Graph } from "../../graph";
import { spokenNow } from "./spoken";

const END = "</s>";

/** What the decoder reads to write these tokens: the start, and they; what is left of its rows reads the end. */
function reading(graph: Graph, ids: readonly number[]): Int32Array {
  const end = graph.recorded.vocabulary!.target.indexOf(END);
  return Int32Array.from(graph.original("target.ids")!, (start, row) => (row === 0 ? start : (ids[row - 1] ?? end)));
}

/** Whether the decoder has been made to read what it now writes. */
export function isReadingOn(graph: Graph): boolean {
  const read = graph.edits.value.get("target.ids");
  const said = read && spokenNow(graph);
  return Boolean(said) && reading(graph, said!.ids).every((id, row) => id === read![row]);
}

/** Have the decoder read these tokens. */
export const readOn = (graph: Graph, ids: readonly number[]): void => graph.edit("target.ids", reading(graph, ids));

/** Have it read the recorded translation again. */
export function readRecorded(graph: Graph): void {
  const edits = new Map(graph.edits.peek());
  edits.delete("target.ids");
  graph.edits.value = edits;
}
