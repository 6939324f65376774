// A row of stops that one can walk along by hand or let play. It never starts by itself.
// Tabs pattern: one tab stop; arrows, Home and End move, the space bar plays and pauses.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import "./Player.css";

interface Props {
  label: string; // what one walks along
  stops: readonly string[]; // what is written under each stop
  names: readonly string[]; // each stop for a screen reader
  start?: string; // what stands before the first stop
  panel: string; // the id of what the stop shows
  value: number;
  onChange(stop: number, passing?: boolean): void; // `passing`: by itself, while it plays
  children?: ComponentChildren; // further controls
}

const PAUSE = 1400; // milliseconds at each stop
const SPEEDS = [0.5, 1, 2, 4] as const;
const speed = signal(1); // the reader's choice; it stays from view to view

export function Player({ label, stops, names, start, panel, value, onChange, children }: Props) {
  const [playing, setPlaying] = useState(false);
  const end = stops.length - 1;
  const strip = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!playing) return;
    if (value >= end) return setPlaying(false);
    const timer = setTimeout(() => onChange(value + 1, true), PAUSE / speed.value);
    return () => clearTimeout(timer);
  }, [playing, value, end, speed.value]);

  useEffect(() => reveal(strip.current!, value), [value]);

  const go = (stop: number) => onChange(Math.min(Math.max(stop, 0), end));
  const play = () => {
    if (!playing && value === end) go(0);
    setPlaying(!playing);
  };
  const walk = (stop: number) => {
    go(stop);
    const tabs = strip.current!.querySelectorAll<HTMLElement>('[role="tab"]');
    tabs[Math.min(Math.max(stop, 0), end)].focus({ preventScroll: true });
  };
  const onKey = (event: KeyboardEvent) => {
    const to = { ArrowLeft: value - 1, ArrowRight: value + 1, Home: 0, End: end }[event.key];
    if (to !== undefined) walk(to);
    else if (event.key === " ") play();
    else return;
    event.preventDefault();
  };

  return (
    <div class="player">
      <div class="controls">
        <span class="player-buttons">
          <button onClick={() => go(0)} disabled={value === 0} >Start</button>
          <button onClick={() => go(value - 1)} disabled={value === 0}>← Back</button>
          <button class="player-play" onClick={play} aria-pressed={playing}>{playing ? "❚❚ Pause" : "▶ Play"}</button>
          <button onClick={() => go(value + 1)} disabled={value === end}>Forward →</button>
        </span>
        <label class="choice">
          speed
          <select value={speed.value} onChange={(event) => (speed.value = Number(event.currentTarget.value))}>
            {SPEEDS.map((one) => <option key={one} value={one}>{one} ×</option>)}
          </select>
        </label>
        {children}
      </div>
      <div class="stops" ref={strip} role="tablist" aria-label={label} onKeyDown={onKey}>
        {start !== undefined && <span class="stop first" role="presentation"><span>{start}</span></span>}
        {stops.map((text, i) => (
          <button key={i} role="tab" aria-selected={i === value} aria-controls={panel} aria-label={names[i]} tabIndex={i === value ? 0 : -1}
            class={`stop ${i <= value ? "passed" : ""}`} onClick={() => onChange(i)}>
            <span>{text}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

/** Scrolls the strip, and nothing else, so that the stop stands near its middle. */
function reveal(strip: HTMLElement, value: number): void {
  const stop = strip.querySelectorAll<HTMLElement>('[role="tab"]')[value];
  if (stop) strip.scrollLeft = stop.offsetLeft - (strip.clientWidth - stop.clientWidth) / 2;
}
