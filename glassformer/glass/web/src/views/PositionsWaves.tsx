// Two columns of the position table as curves: a sine and its cosine. The dots are the record's numbers, the thin
// lines the formula between them.

import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { placeText } from "../labels";
import { below, useLinked } from "../linked";
import { divisorOf } from "../ops/angles";
import type { Tensor } from "../record";
import { pairOf, speedOf } from "./positionMath";
import { Slider } from "./PositionsSlider";
import { wordFrom } from "./wordFrom";

const HEIGHT = 190;
const MARGIN = { left: 34, right: 12, top: 12, bottom: 26 };

export function PositionsWaves({ graph, tensor }: { graph: Graph; tensor: Tensor }) {
  const [rows, width] = tensor.shape;
  const [pair, setPair] = useLinked("pair", below(width / 2), 0);
  const [place, setPlace] = useLinked("place", below(rows), wordFrom(graph.trace.axes[tensor.axes[0]], 1));
  const { base, layout, start } = tensor.attributes;
  const speed = speedOf(Number(base), divisorOf(tensor.attributes, width), pair);
  const { sine, cosine } = pairOf(layout, width, pair);
  const values = graph.values(tensor.name)!;
  const step = Math.min(60, Math.max(18, 900 / Math.max(rows - 1, 1)));
  const pixels = MARGIN.left + (rows - 1) * step + MARGIN.right;
  const x = (p: number) => MARGIN.left + p * step;
  const y = (value: number) => MARGIN.top + ((1 - value) / 2) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const curve = (wave: (angle: number) => number) =>
    Array.from({ length: (rows - 1) * 12 + 1 }, (_, i) => `${x(i / 12).toFixed(1)},${y(wave((Number(start) + i / 12) * speed)).toFixed(1)}`).join(" ");
  return (
    <section aria-labelledby="waves">
      <h3 id="waves" class="positions-heading">Two columns as waves</h3>
      <p class="controls">
        <Slider label="pair of columns" value={pair} most={width / 2 - 1} text={`${sine} (sine), ${cosine} (cosine)`} onChange={setPair} />
        <span class="muted">one turn takes {(2 * Math.PI / speed).toFixed(1)} places</span>
      </p>
      <div class="positions-window" tabIndex={0} role="group" aria-label="the two waves">
        <svg width={pixels} height={HEIGHT} role="img" aria-label={`columns ${sine} and ${cosine} over the places`}>
          <line class="positions-axis" x1={MARGIN.left} x2={pixels - MARGIN.right} y1={y(0)} y2={y(0)} />
          {[-1, 0, 1].map((tick) => <text key={tick} class="positions-tick" x={MARGIN.left - 8} y={y(tick)} text-anchor="end" dominant-baseline="central">{tick < 0 ? "−1" : tick}</text>)}
          {/* A straight line would lie where a wave swings often between two places. */}
          <polyline class="positions-wave sine" points={curve(Math.sin)} />
          <polyline class="positions-wave cosine" points={curve(Math.cos)} />
          <line class="positions-cursor" x1={x(place)} x2={x(place)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
          {Array.from({ length: rows }, (_, p) => (
            <g key={p} onClick={() => setPlace(p)}>
              <rect class="positions-hit" x={x(p) - step / 2} y={0} width={step} height={HEIGHT} />
              <circle class="positions-dot sine" cx={x(p)} cy={y(values[p * width + sine])} r={4} />
              <rect class="positions-dot cosine" x={x(p) - 3.5} y={y(values[p * width + cosine]) - 3.5} width={7} height={7} />
              {(rows <= 20 || p % 5 === 0) && <text class="positions-tick" x={x(p)} y={HEIGHT - 8} text-anchor="middle">{p}</text>}
            </g>
          ))}
        </svg>
      </div>
      <p class="controls">
        <Slider label="place" value={place} most={rows - 1} text={`${place} (${placeText(graph, tensor, 0, place)})`} onChange={setPlace} />
        <span class="positions-first">● sine <Num graph={graph} tensor={tensor.name} index={[place, sine]} /></span>
        <span class="positions-second">■ cosine <Num graph={graph} tensor={tensor.name} index={[place, cosine]} /></span>
      </p>
    </section>
  );
}
