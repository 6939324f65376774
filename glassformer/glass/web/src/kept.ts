// Graphs that the page computed, by name: the latest of them are kept.

import { signal } from "@preact/signals";
import type { Graph } from "./graph";

export class Kept {
  private readonly graphs = signal<ReadonlyMap<string, Graph>>(new Map());

  /** `most`: how many are kept at a time. */
  constructor(private readonly most: number) {}

  /** The graph of a name, if it is kept. A view that asks is drawn anew when that changes. */
  get = (name: string): Graph | undefined => this.graphs.value.get(name);

  /** The same, for what is no view. */
  peek = (name: string): Graph | undefined => this.graphs.peek().get(name);

  /** Keeps a graph, which is then the last to be let go. */
  keep(name: string, graph: Graph): Graph {
    const others = [...this.graphs.peek()].filter(([other]) => other !== name).slice(1 - this.most);
    this.graphs.value = new Map([...others, [name, graph]]);
    return graph;
  }
}
