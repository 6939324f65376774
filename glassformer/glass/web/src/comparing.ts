// The attributions of a cause whose record has none: computed in the page when a view shows them.

import { signal, type Signal } from "@preact/signals";
import { breath } from "./breath";
import { attribute, type Attributed } from "./causes/attribution";
import type { Graph } from "./graph";

interface Comparison {
  readonly found: Attributed | null; // null: under way
  readonly done: number; // the share of the work
}

const NOTHING: Comparison = { found: null, done: 0 };
const comparisons = new WeakMap<Graph, Signal<Comparison>>();

function comparison(graph: Graph): Signal<Comparison> {
  if (!comparisons.has(graph)) comparisons.set(graph, signal(NOTHING));
  return comparisons.get(graph)!;
}

/** The attributions of a graph's cause, recorded or computed here, as far as they are. */
export function comparisonOf(graph: Graph): Comparison {
  const { attributions, gap } = graph.recorded.cause!;
  return attributions.length ? { found: { attributions, gap }, done: 1 } : comparison(graph).value;
}

/** Computes what there is not yet, until the function that is returned is called. */
export function compare(graph: Graph): () => void {
  let wanted = true;
  if (!comparisonOf(graph).found) void begin(graph, () => wanted);
  return () => void (wanted = false);
}

async function begin(graph: Graph, wanted: () => boolean): Promise<void> {
  const state = comparison(graph);
  const found = await attribute(graph.recorded, async (done) => {
    if (wanted()) state.value = { found: null, done };
    await breath();
    return wanted();
  });
  if (found) state.value = { found, done: 1 };
}
