// The loss of the training, with the place in it where the reader is.

import { show } from "../../numbers";
import type { Losses } from "../../record";

const [WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP] = [640, 200, 58, 40, 28, 14];

interface Props {
  losses: Losses;
  step: number | null; // null: after all of them
}

/** The step that a trace's label names, "step 300". */
export function stepOf(label: string): number | null {
  const found = /^step (\d+)$/.exec(label);
  return found ? Number(found[1]) : null;
}

export function LossCurve({ losses: { train, validation }, step }: Props) {
  const all = [...train, ...validation];
  if (all.length === 0) return null;
  const [end, most] = [Math.max(...all.map(([at]) => at)), Math.max(...all.map(([, loss]) => loss))];
  const x = (at: number) => LEFT + (at / (end || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (loss: number) => TOP + (1 - loss / (most || 1)) * (HEIGHT - TOP - BOTTOM);
  const here = step ?? end;
  const [trained, validated] = [latest(train, here), latest(validation, here)];
  return (
    <section class="card">
      <h3>The loss</h3>
      <p class="muted">
        Cross-entropy in nats a token. What training sees of it has its dropout and label smoothing in it.{" "}
        {trained && <>At step {trained[0]} <b>{show(trained[1])}</b> on what it trains on</>}
        {validated && <>{trained ? ", at" : "At"} step {validated[0]} <b>{show(validated[1])}</b> on what it has never seen (squares)</>}
        {(trained || validated) && "."}
      </p>
      <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`The loss over ${end} steps, from ${show(all[0][1])} to ${show(train.at(-1)?.[1] ?? all.at(-1)![1])}`}>
        <line x1={LEFT} y1={y(0)} x2={WIDTH} y2={y(0)} />
        <line class="here" x1={x(here)} y1={TOP} x2={x(here)} y2={y(0)} />
        <text x={LEFT - 8} y={y(0)} class="end">0</text>
        <text x={LEFT - 8} y={y(most)} class="end">{show(most)}</text>
        <polyline points={train.map(([at, loss]) => `${x(at)},${y(loss)}`).join(" ")} />
        {validation.map(([at, loss]) => <rect key={at} class="validation" x={x(at) - 5} y={y(loss) - 5} width={10} height={10} />)}
        {trained && <circle class="on" cx={x(trained[0])} cy={y(trained[1])} r={6} />}
        {[0, end].map((at) => <text key={at} x={x(at)} y={HEIGHT - 8} class="middle">{at}</text>)}
      </svg>
    </section>
  );
}

/** The last of the points that is not after `step`. */
const latest = (points: readonly [number, number][], step: number): [number, number] | undefined => points.filter(([at]) => at <= step).at(-1);
