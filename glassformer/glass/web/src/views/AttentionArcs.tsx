// Two sentences as running text, and between them a ribbon for each weight, as wide as the weight is large.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { TokenLine } from "./TokenLine";
import type { Line } from "./sentenceLine";

/** A chosen word: of the queries (who looks) or of the keys (what is looked at). */
export interface Chosen {
  readonly side: "query" | "key";
  readonly mark: number;
}

interface Props {
  queries: Line;
  keys: Line;
  queryTitle: string;
  keyTitle: string;
  weights: readonly (readonly number[])[]; // by query and key marks
  threshold: number;
  chosen: Chosen | null;
  shown: Chosen | null; // what the ribbons follow: pointed at, or chosen
  onChoose(chosen: Chosen | null): void;
  onHover(chosen: Chosen | null): void;
}

const HEIGHT = 170;
const WIDEST = 11; // pixels of a ribbon of weight 1

export function AttentionArcs({ queries, keys, queryTitle, keyTitle, weights, threshold, chosen, shown, onChoose, onHover }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [centres, setCentres] = useState<{ keys: number[]; queries: number[]; width: number } | null>(null);
  useLayoutEffect(() => {
    const measure = () => setCentres(measured(box.current!));
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    measure();
    return () => observer.disconnect();
  }, [queries, keys]);
  const strength = (side: Chosen["side"]) => (mark: number) => {
    if (!shown || shown.side === side) return 0;
    return side === "key" ? weights[shown.mark][mark] : weights[mark][shown.mark];
  };
  const line = (side: Chosen["side"], text: Line, label: string) => (
    <TokenLine line={text} label={label} selected={chosen?.side === side ? chosen.mark : null} strength={strength(side)}
      alike={(mark) => shown?.side === side && shown.mark === mark}
      onSelect={(mark) => onChoose(mark === null ? null : { side, mark })}
      onHover={(mark) => onHover(mark === null ? null : { side, mark })} />
  );
  // Other marks are measured only after they have been drawn once.
  const fits = centres?.queries.length === weights.length && centres.keys.length === weights[0]?.length;
  return (
    <div class="arcs card">
      <p class="arcs-title key">{keyTitle}</p>
      <div class="arcs-window">
        <div class="arcs-space" ref={box}>
          {line("key", keys, keyTitle)}
          <svg height={HEIGHT} width={centres?.width ?? 0} role="img" aria-label="Attention weights as ribbons between the words; choose a word to read them">
            {centres && fits && weights.map((row, query) => row.map((weight, key) => {
              const lit = shown !== null && shown.mark === (shown.side === "query" ? query : key);
              if (weight < threshold) return null;
              return (
                <path key={`${query} ${key}`} class={shown === null ? "" : lit ? "lit" : "dim"} d={ribbon(centres.keys[key], centres.queries[query])}
                  stroke-width={Math.max(weight * WIDEST, 0.6).toFixed(2)} />
              );
            }))}
          </svg>
          {line("query", queries, queryTitle)}
        </div>
      </div>
      <p class="arcs-title query">{queryTitle}</p>
    </div>
  );
}

const ribbon = (top: number, bottom: number): string =>
  `M${top.toFixed(1)} 0C${top.toFixed(1)} ${HEIGHT * 0.55},${bottom.toFixed(1)} ${HEIGHT * 0.45},${bottom.toFixed(1)} ${HEIGHT}`;

/** Where the middle of each mark stands in the box, and where the last of them ends. */
function measured(box: HTMLElement) {
  const { left } = box.getBoundingClientRect();
  let width = 0;
  const [keys, queries] = Array.from(box.querySelectorAll("[role=listbox]"), (line) =>
    Array.from(line.querySelectorAll("[role=option]"), (mark) => {
      const place = mark.getBoundingClientRect();
      width = Math.max(width, place.right - left);
      return (place.left + place.right) / 2 - left;
    }));
  return { keys, queries, width: Math.ceil(width) };
}
