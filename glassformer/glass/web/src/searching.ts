// The beam of a sentence whose record has none: searched in the page when a view asks for it.

import { signal, type Signal } from "@preact/signals";
import { searchBeam } from "./engine/beam";
import { tokenizersOf } from "./engine/translate";
import type { Graph } from "./graph";
import type { Beam } from "./record";

export const WIDTH = 4; // paths kept, as in the paper, section 6.1

interface Search {
  readonly beam: Beam | null; // null: under way
  readonly length: number; // tokens of the paths so far
}

const searches = new WeakMap<Graph, Signal<Search>>();

/** The beam of a graph's sentence, recorded or searched here; it begins to search when first asked. */
export function beamOf(graph: Graph): Search {
  if (graph.recorded.beam) return { beam: graph.recorded.beam, length: 0 };
  if (!searches.has(graph)) {
    const search = signal<Search>({ beam: null, length: 0 });
    searches.set(graph, search);
    void begin(graph, search);
  }
  return searches.get(graph)!.value;
}

async function begin(graph: Graph, search: Signal<Search>): Promise<void> {
  const { recorded } = graph;
  const { target } = await tokenizersOf(recorded);
  const beam = await searchBeam(recorded, recorded.axes.source, target, WIDTH, async (length) => {
    search.value = { beam: null, length };
    await new Promise((resume) => setTimeout(resume));
    return true;
  });
  search.value = { beam, length: 0 };
}
