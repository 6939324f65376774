// The mean entropy of a probe's translations over the training, as a curve.

import { show } from "../../numbers";
import { meanEntropy, type Probe } from "./probes";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [640, 200, 58, 28, 14];

export function Curve({ list, at }: { list: readonly Probe[]; at: number }) {
  const values = list.map(({ graph }) => meanEntropy(graph.trace));
  const most = Math.max(...values) || 1;
  const x = (i: number) => LEFT + (list.length > 1 ? (i / (list.length - 1)) * (WIDTH - LEFT - 40) : 0);
  const y = (value: number) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
  const said = list.map(({ graph }, i) => `${graph.label}: ${show(values[i])}`).join(", ");
  const every = Math.ceil(list.length / 8);
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Mean entropy in nats. ${said}`}>
      <line x1={LEFT} y1={y(0)} x2={WIDTH} y2={y(0)} />
      <text x={LEFT - 8} y={y(0)} class="end">0</text>
      <text x={LEFT - 8} y={y(most)} class="end">{show(most)}</text>
      <polyline points={values.map((value, i) => `${x(i)},${y(value)}`).join(" ")} />
      {values.map((value, i) => <circle key={i} cx={x(i)} cy={y(value)} r={i === at ? 7 : 4} class={i === at ? "on" : ""} />)}
      {list.map(({ graph }, i) => i % every === 0 && <text key={i} x={x(i)} y={HEIGHT - 8} class="middle">{graph.label.replace(/^step /, "")}</text>)}
    </svg>
  );
}
