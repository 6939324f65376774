// A score as a function of the distance between query and key.

import type { ComponentChildren } from "preact";
import { show } from "../numbers";

interface Props {
  least: number;
  most: number;
  at: number; // the distance that is the case
  value(offset: number): number;
  number: ComponentChildren; // the score at `at`, as the record has it
}

const HEIGHT = 200;
const MARGIN = { left: 64, right: 14, top: 12, bottom: 38 };

export function OffsetCurve({ least, most, at, value, number }: Props) {
  const offsets = Array.from({ length: most - least + 1 }, (_, i) => least + i);
  const values = offsets.map(value);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const step = Math.min(24, Math.max(8, 680 / offsets.length));
  const width = MARGIN.left + (offsets.length - 1) * step + MARGIN.right;
  const x = (offset: number) => MARGIN.left + (offset - least) * step;
  const y = (score: number) => MARGIN.top + ((high - score) / (high - low || 1)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const ticks = offsets.filter((offset) => offset % 5 === 0);
  return (
    <>
      <div class="positions-window" tabIndex={0} role="group" aria-label="score by distance">
        <svg width={width} height={HEIGHT} role="img" aria-label={`score by distance; at ${at} it is ${show(value(at))}`}>
          <line class="positions-axis" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(0)} y2={y(0)} />
          {[low, high].map((score) => <text key={score} class="positions-tick" x={MARGIN.left - 8} y={y(score)} text-anchor="end" dominant-baseline="central">{show(score)}</text>)}
          {ticks.map((offset) => <text key={offset} class="positions-tick" x={x(offset)} y={HEIGHT - 22} text-anchor="middle">{show(offset)}</text>)}
          <text class="positions-tick" x={MARGIN.left} y={HEIGHT - 6}>key's place − query's place</text>
          <polyline class="positions-wave sine" points={offsets.map((offset, i) => `${x(offset)},${y(values[i]).toFixed(1)}`).join(" ")} />
          {offsets.map((offset, i) => <circle key={offset} class="positions-dot small" cx={x(offset)} cy={y(values[i])} r={2} />)}
          <circle class="positions-dot cosine" cx={x(at)} cy={y(value(at))} r={6} />
        </svg>
      </div>
      <p>Here the distance is {show(at)}, and the score {number}.</p>
    </>
  );
}
