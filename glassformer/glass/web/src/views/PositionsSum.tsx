// The word's embedding and its place's pattern, added: X + PE for one token.

import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { placeText } from "../labels";
import { below, useLinked } from "../linked";
import { wordFrom } from "./wordFrom";
import { scaleOf } from "../palette";
import type { Tensor } from "../record";
import { last } from "../shapes";
import { Slider } from "./PositionsSlider";
import { PixelMap } from "./PixelMap";

const FIRST = 6; // numbers written out

export function PositionsSum({ graph, tensor }: { graph: Graph; tensor: Tensor }) {
  const [place, setPlace] = useLinked("place", below(tensor.shape[0]), wordFrom(graph.trace.axes[tensor.axes[0]], 1));
  const sum = graph.consumers(tensor.name).find(({ op }) => op === "add");
  if (!sum) return null;
  const word = sum.operands.a === tensor.name ? sum.operands.b : sum.operands.a;
  const rows = [["the word", "", word], ["its place", "+", tensor.name], ["both", "=", sum.name]] as const;
  if (rows.some(([, , name]) => graph.values(name) === null)) return null;
  const width = last(tensor.shape);
  const scale = scaleOf(rows.flatMap(([, , name]) => Array.from(graph.values(name)!.subarray(place * width, (place + 1) * width))));
  const columns = Array.from({ length: Math.min(FIRST, width) }, (_, i) => i);
  return (
    <section aria-labelledby="sum">
      <h3 id="sum" class="positions-heading">Word and place, added</h3>
      <p class="controls"><Slider label="token" value={place} most={tensor.shape[0] - 1} text={<><bdi>{placeText(graph, sum, 0, place)}</bdi>, place {place}</>} onChange={setPlace} /></p>
      <div class="positions-window positions-sum">
        {rows.map(([what, sign, name]) => (
          <div key={name} class="positions-sum-row">
            <span>{sign} {what}</span>
            <PixelMap values={graph.values(name)!.subarray(place * width, (place + 1) * width)} rows={1} columns={width} scale={scale} label={`${what}: ${width} numbers as colours`} />
            <span class="positions-numbers">{columns.map((i) => <Num key={i} graph={graph} tensor={name} index={[place, i]} />)}{width > FIRST && "…"}</span>
          </div>
        ))}
      </div>
    </section>
  );
}
