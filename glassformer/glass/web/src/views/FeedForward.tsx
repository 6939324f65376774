import { Frame } from "../components/Frame";
import type { Graph } from "../graph";

export function FeedForward({ graph }: { graph: Graph }) {
  return <Frame title="Feed-forward" lead={graph.trace.meta.title} />;
}
