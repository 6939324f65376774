// Doing an intervention from a map: at once what the record says of it, and a moment later what the page computes.

import { batch, effect, signal } from "@preact/signals";
import type { Graph } from "../../graph";
import { partId, patchFor, type Part } from "./parts";

/** The cell that the reader has chosen last; it is shown even where the page cannot compute what follows. */
export const chosen = signal<string | null>(null);

const waiting = signal(false); // between the click and what the page then computes

/** Put the part's other numbers in place, instead of those of any other part; chosen again, take them out. */
export function intervene(graph: Graph, part: Part): void {
  const id = partId(part);
  const again = chosen.peek() === id;
  chosen.value = again ? null : id;
  waiting.value = true;
  afterPaint(() => batch(() => {
    const patch = again ? null : patchFor(graph, part);
    graph.patches.value = patch ? [patch] : [];
    waiting.value = false;
  }));
}

/** Forget the chosen cell when its intervention is undone elsewhere; returns what ends that. */
export const followUndoing = (graph: Graph): (() => void) => effect(() => {
  const undone = graph.patches.value.length === 0 && !waiting.value;
  if (undone && graph.recorded.meta.detail === "full+weights") chosen.value = null;
});

/** The click is answered before what follows is computed. */
const afterPaint = (then: () => void): void => void requestAnimationFrame(() => setTimeout(then));
