// What the model says by itself with all that is changed: decoded anew a moment after each change, for whoever shows it.

import { effect, signal, type Signal } from "@preact/signals";
import type { Graph } from "../../graph";
import { piecesOf } from "../../labels";
import { spell } from "../../pieces";
import { decodeAgain } from "./editing";

export interface Spoken {
  readonly ids: readonly number[];
  readonly text: string;
  readonly finished: boolean;
}

const SETTLED = 150; // milliseconds without another change, so that typing is not held up
const spoken = new WeakMap<Graph, Signal<Spoken | null>>();

/** Greedy decoding with the changes in place; null while nothing is changed, or it is still going on. */
export function spokenNow(graph: Graph): Spoken | null {
  if (!spoken.has(graph)) spoken.set(graph, follow(graph));
  return spoken.get(graph)!.value;
}

function follow(graph: Graph): Signal<Spoken | null> {
  const said = signal<Spoken | null>(null);
  effect(() => {
    let wanted = true;
    said.value = null;
    const pause = (wait = 0) => new Promise<boolean>((resolve) => setTimeout(() => resolve(wanted), wait));
    if (graph.isAltered && graph.trace.vocabulary && graph.has("log_probs")) { // the lecture has no decoder
      pause(SETTLED).then(async (still) => {
        if (!still || !graph.values("log_probs")) return;
        const { ids, finished } = await decodeAgain(graph, pause);
        if (wanted) said.value = { ids, finished, text: spelled(graph, finished ? ids.slice(0, -1) : ids) };
      });
    }
    return () => { wanted = false; };
  });
  return said;
}

function spelled(graph: Graph, ids: readonly number[]): string {
  const pieces = piecesOf(graph.trace, "target");
  return spell(ids.map((id) => pieces[id]));
}
