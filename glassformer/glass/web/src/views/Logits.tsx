import { Frame } from "../components/Frame";
import type { Graph } from "../graph";

export function Logits({ graph }: { graph: Graph }) {
  return <Frame title="Logits to probabilities" lead={graph.trace.meta.title} />;
}
