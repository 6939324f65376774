// Reverse mode over a whole graph: from the logits down, operation by operation.

import { downstream, type Graph } from "./graph";
import { BACKWARD, onTheWay } from "./ops/backward";
import { size } from "./shapes";

/** dC/dx of the tensors called `names`; `logits`: dC/d logits, C being a number that is made from them. */
export function gradients(graph: Graph, logits: Float64Array, names: readonly string[]): Float64Array[] {
  const reached = downstream(graph.recorded, new Set(names));
  const found = new Map([["logits", logits]]);
  const gradientOf = (name: string): Float64Array => {
    if (!found.has(name)) found.set(name, new Float64Array(size(graph.tensor(name).shape)));
    return found.get(name)!;
  };
  for (const { name, op, operands } of [...graph.recorded.tensors].reverse()) {
    const wanted = (role: string) => reached.has(operands[role]);
    if (!found.has(name) || !onTheWay(op) || !Object.keys(operands).some(wanted)) continue;
    for (const [role, gradient] of Object.entries(BACKWARD[op](graph.node(name), gradientOf(name), wanted))) {
      if (wanted(role)) addTo(gradientOf(operands[role]), gradient);
    }
    if (!names.includes(name)) found.delete(name);
  }
  return names.map(gradientOf);
}

/** A tensor that is used in several places gets the gradients of all of them. */
export function addTo(sum: Float64Array, gradient: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
}
