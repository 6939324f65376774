// The model as the paper's figure 1, with this model's real depth and widths. Every box opens: block, tensor, cell.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { below, pair, useLinked } from "../linked";
import { chosenBlock } from "../store";
import { shapeOf } from "./map/blocks";
import { Details } from "./map/Details";
import { Figure } from "./map/Figure";
import { planOf } from "./map/plan";
import "./Map.css";

export function ArchitectureMap({ graph }: { graph: Graph }) {
  const box = useRef<HTMLDivElement>(null);
  const [available, setAvailable] = useState(600);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setAvailable(box.current!.clientWidth));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const shape = shapeOf(graph);
  const layers = { encoder: below(shape.encoderLayers), decoder: below(shape.decoderLayers) };
  const [[encoder, decoder], setExpanded] = useLinked("layers", pair(layers.encoder, layers.decoder), [shape.encoderLayers - 1, shape.decoderLayers - 1]);
  const [stack, layer] = (chosenBlock.value ?? "").split(".");
  const opened = (side: "encoder" | "decoder") => (stack === side && layer !== undefined ? layers[side].read(layer) : undefined);
  const expanded = { encoder: opened("encoder") ?? encoder, decoder: opened("decoder") ?? decoder };
  // A layer that was opened stays open when another part is chosen.
  useEffect(() => setExpanded([expanded.encoder, expanded.decoder], true), [expanded.encoder, expanded.decoder]);
  const plan = useMemo(() => planOf(shape, expanded, available), [graph, expanded.encoder, expanded.decoder, available]);
  return (
    <Frame title="Map" lead="The Transformer as in the paper’s figure 1, drawn for this model and filled with this sentence’s numbers.">
      <div class="map">
        <div class="map-figure" ref={box}><Figure graph={graph} plan={plan} /></div>
        <Details graph={graph} />
      </div>
    </Frame>
  );
}
