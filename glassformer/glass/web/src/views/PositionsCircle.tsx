// Arrows from the middle of a circle, and the angle between them: how pairs of columns turn.

export interface Arrow {
  readonly point: readonly [number, number]; // in units of the circle's radius
  readonly kind: "first" | "second";
  readonly text: string;
  readonly faint?: boolean; // as it was before turning
}

interface Props {
  arrows: readonly Arrow[];
  label: string;
  arc?: readonly [from: number, by: number]; // radians, drawn small around the middle
}

const SIZE = 240;
const RADIUS = 92;
const MIDDLE = SIZE / 2;

export function Circle({ arrows, label, arc }: Props) {
  const x = (value: number) => MIDDLE + value * RADIUS;
  const y = (value: number) => MIDDLE - value * RADIUS;
  return (
    <svg class="positions-circle" width={SIZE} height={SIZE} role="img" aria-label={label}>
      <circle class="rim" cx={MIDDLE} cy={MIDDLE} r={RADIUS} />
      <line class="positions-axis" x1={x(-1.1)} x2={x(1.1)} y1={MIDDLE} y2={MIDDLE} />
      <line class="positions-axis" y1={y(-1.1)} y2={y(1.1)} x1={MIDDLE} x2={MIDDLE} />
      {arc && <path class="angle" d={arcPath(...arc)} />}
      {arrows.map(({ point: [a, b], kind, text, faint }, i) => (
        <g key={i} class={`positions-arrow ${kind} ${faint ? "faint" : ""}`}>
          <line x1={MIDDLE} y1={MIDDLE} x2={x(a)} y2={y(b)} />
          <circle cx={x(a)} cy={y(b)} r={faint ? 3 : 5} />
          {!faint && <text x={x(a * 1.2)} y={y(b * 1.2)} text-anchor="middle" dominant-baseline="central">{text}</text>}
        </g>
      ))}
    </svg>
  );
}

/** At most one round of the angle, counted against the clock. */
function arcPath(from: number, by: number): string {
  const turns = Math.min(Math.max(by, -6.28), 6.28);
  const radius = RADIUS * 0.3;
  const steps = 40;
  const points = Array.from({ length: steps + 1 }, (_, i) => {
    const angle = from + (turns * i) / steps;
    return `${(MIDDLE + radius * Math.cos(angle)).toFixed(1)} ${(MIDDLE - radius * Math.sin(angle)).toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}
