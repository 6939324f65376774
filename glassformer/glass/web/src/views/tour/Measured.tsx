// What the tour says of this very model: made from what the record and the page have measured, and nothing without that.

import type { Graph } from "../../graph";
import type { Stop } from "../../record";
import { page } from "../../store";
import { DecidedBy } from "./DecidedBy";
import { HeadsDo } from "./HeadsDo";

export function Measured({ graph, stop }: { graph: Graph; stop: Stop }) {
  if (graph.recorded.meta.kind === "lecture") return null;
  if (stop.id === "attention") return <DecidedBy graph={graph} />;
  if (stop.id === "heads") return <HeadsDo study={page.value!.study ?? null} />;
  return null;
}
