import { Frame } from "../components/Frame";
import type { Graph } from "../graph";

export function Edit({ graph }: { graph: Graph }) {
  return <Frame title="Edit and recompute" lead={graph.trace.meta.title} />;
}
