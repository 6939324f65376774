// Doing an intervention from a map: at once what the record says of it, and a moment later what the page computes.

import { signal } from "@preact/signals";
import type { Graph } from "../../graph";
import { partId, patchFor, type Part } from "./parts";

/** The cell that the reader has chosen last; it is shown even where the page cannot compute what follows. */
export const chosen = signal<string | null>(null);

/** Put the part's other numbers in place, instead of those of any other part; chosen again, take them out. */
export function intervene(graph: Graph, part: Part): void {
  const id = partId(part);
  const again = chosen.peek() === id;
  chosen.value = again ? null : id;
  const patch = again ? null : patchFor(graph, part);
  afterPaint(() => (graph.patches.value = patch ? [patch] : []));
}

/** The click is answered before what follows is computed. */
const afterPaint = (then: () => void): void => void requestAnimationFrame(() => setTimeout(then));
