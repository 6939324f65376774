// The second sentence of a cause, read by the same model after the same translation so far; computed here in the page.

import { Graph } from "../graph";
import type { Tensor, Trace } from "../record";

const made = new WeakMap<Graph, Graph>();

/** A trace of the second sentence; null without one. What the record does not carry the weights for has no values. */
export function secondOf(graph: Graph): Graph | null {
  const second = graph.recorded.cause?.second;
  if (!second) return null;
  if (!made.has(graph)) made.set(graph, read(graph.recorded, second.tokens.map(({ id }) => id), second.text));
  return made.get(graph)!;
}

/** The trace with other source tokens: its shapes follow, and all that is computed is computed anew. */
function read(trace: Trace, ids: readonly number[], label: string): Graph {
  const shaped = (tensor: Tensor): Tensor => ({
    ...tensor,
    shape: tensor.shape.map((size, axis) => (tensor.axes[axis] === "source" ? ids.length : size)),
    ...(Object.keys(tensor.operands).length ? { data: null, columns: null, statistics: {} } : {}),
  });
  const axes = { ...trace.axes, source: { size: ids.length, text: label } };
  const graph = new Graph({ ...trace, axes, tensors: trace.tensors.map(shaped) }, label);
  for (const { name, op, dtype, axes, shape } of graph.recorded.tensors) {
    if (op !== "input" || !axes.includes("source")) continue;
    if (dtype === "uint8") graph.edit(name, new Uint8Array(shape.reduce((a, b) => a * b, 1))); // a mask that hides nothing
    else graph.edit(name, Int32Array.from(ids, (id, place) => (name === "source.ids" ? id : place)));
  }
  return graph;
}
