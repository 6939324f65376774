// Whether the decoder reads the recorded translation, or the one that a change has made of it.

import { signal } from "@preact/signals";
import type { Graph } from "../../graph";

const END = "</s>";
const reading = signal(new Map<Graph, Int32Array>()); // what was put there by `readOn`, and by no other edit

export const isReadingOn = (graph: Graph): boolean => {
  const own = reading.value.get(graph);
  return own !== undefined && graph.edits.value.get("target.ids") === own;
};

/** Have the decoder read these tokens; what is left of its rows reads the end again and again. */
export function readOn(graph: Graph, ids: readonly number[]): void {
  const end = graph.recorded.vocabulary!.target.indexOf(END);
  const read = Int32Array.from(graph.original("target.ids")!, (start, row) => (row === 0 ? start : (ids[row - 1] ?? end)));
  reading.value = new Map(reading.peek()).set(graph, read);
  graph.edit("target.ids", read);
}

/** Have it read the recorded translation again. */
export function readRecorded(graph: Graph): void {
  const edits = new Map(graph.edits.peek());
  edits.delete("target.ids");
  graph.edits.value = edits;
}
