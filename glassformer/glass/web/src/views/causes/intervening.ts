// The intervention that the reader has chosen: kept in the address, so that a link opens it and Back undoes it. At once
// it shows what the record says of it, and a moment later the page holds the part and computes what follows.

import { batch, effect, signal } from "@preact/signals";
import type { Graph } from "../../graph";
import { linked, optional, setLinked, TEXT } from "../../linked";
import { partId, partOf, patchFor, type Part } from "../../causes/parts";

const PART = ["intervention", optional(TEXT), null] as const;
const waiting = signal(false); // between a choice and what the page then computes

/** The id of the chosen cell; it is shown even where the page cannot compute what follows. */
export const chosenPart = (): string | null => linked(...PART);

/** Choose a cell instead of any other; chosen again, none. */
export function intervene(part: Part): void {
  const id = partId(part);
  setLinked(...PART, chosenPart() === id ? null : id);
}

/** Has the graph hold what is chosen, and forgets the choice that is undone elsewhere; returns what ends that. */
export function followChoice(graph: Graph): () => void {
  const { cause } = graph.recorded;
  if (!cause) return () => undefined;
  const ends = [
    effect(() => {
      const part = partOf(cause, chosenPart() ?? "");
      const held = graph.patches.peek()[0]?.id ?? null;
      if ((part && partId(part)) === held) return;
      waiting.value = true;
      afterPaint(() => batch(() => {
        const patch = part && patchFor(graph, part);
        graph.patches.value = patch ? [patch] : [];
        waiting.value = false;
      }));
    }),
    effect(() => {
      const undone = graph.patches.value.length === 0 && !waiting.value;
      if (undone && graph.recorded.meta.detail === "full+weights" && chosenPart() !== null) setLinked(...PART, null);
    }),
  ];
  return () => ends.forEach((end) => end());
}

/** The click is answered before what follows is computed. */
const afterPaint = (then: () => void): void => void requestAnimationFrame(() => setTimeout(then));
