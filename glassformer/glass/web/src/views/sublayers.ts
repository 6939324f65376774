// The sublayers of a record: what comes in (x), what the sublayer adds (f), their sum, and the norm around them.

import type { Graph } from "../graph";
import { blockOf, shortName } from "../labels";
import { normOf } from "../ops/norms";
import type { Tensor } from "../record";

export interface Sublayer {
  readonly name: string; // "encoder.0.self_attention"
  readonly title: string; // "encoder 0 · self attention"
  readonly x: string;
  readonly f: string;
  readonly sum: string;
  readonly norm: string | null;
  readonly pre: boolean; // the norm comes before f, not after the sum
}

/** All residual connections, in the model's order. The sum of an embedding and its position is none. */
export function sublayers(graph: Graph): Sublayer[] {
  return graph.trace.tensors.filter((tensor) => isResidual(graph, tensor)).map((tensor) => sublayer(graph, tensor));
}

function isResidual(graph: Graph, { op, shape, operands }: Tensor): boolean {
  if (op !== "add" || shape.length !== 2) return false;
  const added = graph.tensor(operands.b);
  return added.op !== "positions" && added.op !== "lookup";
}

function sublayer(graph: Graph, sum: Tensor): Sublayer {
  const { a: x, b: f } = sum.operands;
  const own = `${blockOf(sum.name)}.norm`;
  const norm = graph.has(own) ? graph.tensor(own) : graph.consumers(sum.name).find(({ op }) => normOf(op));
  const name = blockOf(f) || shortName(f);
  return { name, title: titleOf(name), x, f, sum: sum.name, norm: norm?.name ?? null, pre: norm?.operands.x === x };
}

/** "encoder.0.self_attention" as "encoder 0 · self attention". */
export const titleOf = (name: string): string => name.replace(/\.(\d+)\./, " $1.").replaceAll(".", " · ").replaceAll("_", " ");
