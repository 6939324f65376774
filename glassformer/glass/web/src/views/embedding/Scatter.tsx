// The words as points. The pointer shows the nearest word, a click chooses it; the chosen word and its neighbours are named.

import { useMemo, useState } from "preact/hooks";
import { percent } from "../../numbers";
import type { EmbeddingMap } from "../../record";
import type { Colouring } from "./colours";

const [WIDTH, HEIGHT, EDGE] = [760, 520, 24];
const REACH = 24; // units from the pointer within which a point is meant

interface Props {
  map: EmbeddingMap;
  group: EmbeddingMap["groups"][number];
  colours: Colouring | null;
  chosen: number;
  onChoose(word: number): void;
}

export function Scatter({ map, group, colours, chosen, onChoose }: Props) {
  const [hovered, setHovered] = useState<number | null>(null);
  const points = useMemo(() => placed(group), [group]);
  const at = (event: PointerEvent | MouseEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    return nearestPoint(points, ((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT);
  };
  const dots = useMemo(() => points.map(({ word, x, y }) => <Dot key={word} kind={colours?.of(word)} x={x} y={y} />), [points, colours]);
  const named = [...new Set([hovered, chosen, ...map.nearest[chosen].map(([other]) => other)])].filter((word) => word !== null);
  const labels = apart(named.flatMap((word) => points.find((one) => one.word === word) ?? []), (word) => map.words[word].text);
  const said = `${group.words.length} words by their first two principal components, which show ${percent(group.shares[0])} and ${percent(group.shares[1])} of the variance.`;
  return (
    <figure class="card embedding-map">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}
        onPointerMove={(event) => setHovered(at(event))} onPointerLeave={() => setHovered(null)}
        onClick={(event) => { const word = at(event); if (word !== null) onChoose(word); }}>
        {dots}
        {labels.map(({ word, x, y, text }) => (
          <g key={word} class={word === chosen ? "named chosen" : word === hovered ? "named hovered" : "named"}>
            <circle cx={x} cy={y} r={word === chosen ? 8 : 6} />
            <text x={x > WIDTH - 120 ? x - 11 : x + 11} y={y} class={x > WIDTH - 120 ? "end" : ""}>{text}</text>
          </g>
        ))}
      </svg>
      <figcaption class="muted">
        {said}
        {colours && <span class="embedding-legend">{colours.classes.map((name, kind) => (
          <span key={name}><svg viewBox="-8 -8 16 16" aria-hidden="true"><Dot kind={kind} x={0} y={0} /></svg>{name}</span>
        ))}</span>}
      </figcaption>
    </figure>
  );
}

/** A point; classes differ in shape too, so that no colour need be told apart. */
function Dot({ kind, x, y }: { kind: number | undefined; x: number; y: number }) {
  if (kind === undefined) return <circle class="dot" cx={x} cy={y} r={2} />;
  const name = `dot kind-${kind}`;
  if (kind === 1) return <path class={name} d={`M${x - 4.5},${y + 3.5}h9l-4.5,-8z`} />;
  if (kind === 2) return <path class={name} d={`M${x - 3.5},${y - 3.5}h7v7h-7z`} />;
  if (kind === 3) return <path class={name} d={`M${x},${y - 5}l5,5l-5,5l-5,-5z`} />;
  return <circle class={name} cx={x} cy={y} r={3.5} />;
}

interface Point {
  readonly word: number;
  readonly x: number;
  readonly y: number;
}

/** The words' places on the picture, both directions to one scale. */
function placed({ words, places }: EmbeddingMap["groups"][number]): Point[] {
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((WIDTH - 2 * EDGE) / (right - left || 1), (HEIGHT - 2 * EDGE) / (high - low || 1));
  return words.map((word, i) => ({ word, x: WIDTH / 2 + (xs[i] - (left + right) / 2) * scale, y: HEIGHT / 2 - (ys[i] - (low + high) / 2) * scale }));
}

function nearestPoint(points: readonly Point[], x: number, y: number): number | null {
  let [best, least] = [null as number | null, REACH];
  for (const one of points) {
    const distance = Math.hypot(one.x - x, one.y - y);
    if (distance < least) [best, least] = [one.word, distance];
  }
  return best;
}

/** The labels, each moved down until it is clear of those before it. */
function apart(points: readonly Point[], text: (word: number) => string): (Point & { text: string })[] {
  const set: { x: number; y: number; text: string; word: number }[] = [];
  for (const point of points) {
    const label = text(point.word);
    if (set.every((one) => Math.abs(one.y - point.y) > 15 || Math.abs(one.x - point.x) > 9 * Math.max(label.length, one.text.length))) {
      set.push({ ...point, text: label });
    } else set.push({ ...point, text: "" });
  }
  return set;
}


