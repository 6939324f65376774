// Any tensor as a heat map: one slice at a time, numbers where they fit, its scale always shown.
// The keyboard's way in is the ARIA grid pattern: one tab stop, arrows move, Enter opens the cell, Backspace goes back.

import { computed } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { explain } from "../explain";
import type { Graph } from "../graph";
import { whenIdle } from "../idle";
import { matrixPicture, matrixTable } from "../export/matrix";
import { tables } from "../export/tablesOf";
import { axisTitle, cellName } from "../labels";
import { below, useLinked } from "../linked";
import { grouped } from "../numbers";
import type { Scale } from "../palette";
import { isDark, openCell, place, printing } from "../store";
import { rehearse } from "./CellPanel";
import { Choice } from "./Choice";
import { Export } from "./Export";
import { isSmall, layoutOf } from "./layout";
import { Legend } from "./Legend";
import "./Matrix.css";
import { measure } from "./measure";
import { paint } from "./paint";
import { sliceOf, type Slice } from "./slice";

interface Props {
  graph: Graph;
  tensor: string;
  head?: number; // fixes the slice; else tabs choose it
  scale?: Scale; // else the slice's own
  caption?: boolean; // false: no line of controls and legend, for matrices side by side
  onOpen?(index: number[]): void; // instead of opening the explanation
}

const MOST_PRINTED = 20_000; // cells: of a larger matrix what the screen shows is printed
const WHOLE = 30; // rows, about a sentence: up to here a matrix is as high as it needs

type Spot = readonly [row: number, column: number];

export function Matrix({ graph, tensor: name, head: fixed, scale, caption = true, onOpen }: Props) {
  const tensor = graph.tensor(name);
  const chosenIndex = useMemo(() => computed(() => (place.value.tensor === name ? place.value.cell : null)), [name]).value;
  const heads = tensor.shape.length > 2 ? tensor.shape[0] : 1;
  const [ownHead, setHead] = useLinked("head", below(heads), 0);
  const head = Math.min(fixed ?? ownHead, heads - 1);
  useEffect(() => {
    if (chosenIndex && heads > 1) setHead(chosenIndex[0], true);
  }, [chosenIndex]);
  const values = graph.values(name);
  const slice = useMemo(() => sliceOf(graph, name, head, scale), [graph, name, head, scale, values]);
  const [wanted, setWanted] = useState<boolean | null>(null);
  useEffect(() => whenIdle(() => rehearse(graph, explain(graph, name, 0))), [graph, name]);
  if (!slice) return <NotCarried />;
  const numbers = wanted ?? isSmall(slice);
  return (
    <div class="matrix">
      {caption && (
        <div class="controls">
          {heads > 1 && fixed === undefined && (
            <Choice label={axisTitle(tensor, 0)} value={head} onChange={(one) => setHead(one)}
              options={Array.from({ length: heads }, (_, i) => [i, String(i)] as [number, string])} />
          )}
          <label class="choice">
            <input type="checkbox" checked={numbers} onChange={(event) => setWanted(event.currentTarget.checked)} /> numbers
          </label>
          <Legend scale={slice.scale} slice={slice} />
          <Export what={`${tensor.label}, this matrix`} matrix={Math.max(graph.trace.tensors.indexOf(tensor), 0)}
            picture={() => matrixPicture(slice, numbers, isDark.value)} tables={() => [matrixTable(slice)]} />
        </div>
      )}
      <Grid key={`${name} ${head}`} graph={graph} slice={slice} numbers={numbers}
        chosen={spotOf(slice, chosenIndex, head)} onOpen={onOpen ?? ((index) => openCell(name, index))} />
    </div>
  );
}

const NotCarried = () => (
  <p class="note">
    The record does not carry these numbers. Write it again with <code>--detail full+weights</code> to see them.
  </p>
);

/** Where the cell whose explanation is open stands in this slice. */
function spotOf({ tensor, columns }: Slice, index: readonly number[] | null, head: number): Spot | null {
  if (!index || (index.length > 2 && index[0] !== head)) return null;
  const place = index[index.length - 1];
  const column = tensor.columns ? tensor.columns.indexOf(place) : place;
  return column >= 0 && column < columns ? [index[index.length - 2] ?? 0, column] : null;
}

interface GridProps {
  graph: Graph;
  slice: Slice;
  numbers: boolean;
  chosen: Spot | null;
  onOpen(index: number[]): void;
}

function Grid({ graph, slice, numbers, chosen, onOpen }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const cell = useRef<HTMLDivElement>(null);
  const [available, setAvailable] = useState(640);
  const [[row, column], setSpot] = useState<Spot>(chosen ?? [0, 0]);
  const [focused, setFocused] = useState(false);
  const [hover, setHover] = useState<Spot | null>(null);
  const [fits, setFits] = useState({ rows: true, columns: true });
  const dark = isDark.value;
  const printed = printing.value && slice.rows * slice.columns <= MOST_PRINTED;
  const layout = useMemo(() => layoutOf(slice, numbers, available, measure), [slice, numbers, available]);

  useLayoutEffect(() => {
    const box = scroller.current!;
    const observer = new ResizeObserver(() => setAvailable(box.clientWidth));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const draw = () => {
    const { scrollLeft: x, scrollTop: y, clientWidth, clientHeight } = scroller.current!;
    const window = printed
      ? { x: 0, y: 0, width: layout.width, height: layout.height }
      : { x, y, width: Math.min(clientWidth, layout.width), height: Math.min(clientHeight, layout.height) };
    canvas.current!.style.width = `${window.width}px`;
    canvas.current!.style.height = `${window.height}px`;
    paint(canvas.current!, { slice, layout, numbers, dark, focus: focused ? [row, column] : null, chosen }, window);
  };
  // Not each time that it is drawn anew: where the pointer is, is no part of the picture.
  useLayoutEffect(draw, [slice, layout, numbers, dark, printed, available, focused, focused && row, focused && column, chosen?.[0], chosen?.[1]]);
  useLayoutEffect(() => void tables.set(scroller.current!, () => matrixTable(slice)), [slice]);
  useLayoutEffect(() => {
    const { clientWidth, clientHeight } = scroller.current!;
    const now = { rows: layout.height <= clientHeight + 1, columns: layout.width <= clientWidth + 1 };
    if (now.rows !== fits.rows || now.columns !== fits.columns) setFits(now);
  });
  useLayoutEffect(() => {
    if (!chosen) return;
    setSpot(chosen);
    reveal(scroller.current!, layout, chosen);
    requestAnimationFrame(() => cell.current?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  }, [chosen?.[0], chosen?.[1]]);

  const at = (event: MouseEvent): Spot | null => {
    const box = scroller.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - layout.left, event.clientY - box.top - layout.top];
    if (x < 0 || y < 0) return null;
    const spot = [Math.floor((y + scroller.current!.scrollTop) / layout.cellHeight), Math.floor((x + scroller.current!.scrollLeft) / layout.cellWidth)] as const;
    return spot[0] < slice.rows && spot[1] < slice.columns ? spot : null;
  };
  const move = (spot: Spot) => {
    setSpot(spot);
    reveal(scroller.current!, layout, spot);
    requestAnimationFrame(() => cell.current?.focus({ preventScroll: true }));
  };
  const open = (spot: Spot) => onOpen(slice.index(...spot));
  const onKey = (event: KeyboardEvent) => {
    const spot = destination(event, [row, column], slice);
    if (spot) move(spot);
    else if (event.key === "Enter" || event.key === " ") open([row, column]);
    else return;
    event.preventDefault();
  };
  const name = (spot: Spot) => nameOf(graph, slice, spot);
  const shown = hover ?? (focused ? ([row, column] as const) : null);

  return (
    <>
      <div class={`matrix-window ${slice.rows <= WHOLE ? "whole" : ""}`} data-table ref={scroller} onScroll={draw}
        onMouseMove={(event) => setHover(at(event))} onMouseLeave={() => setHover(null)}
        onClick={(event) => { const spot = at(event); if (spot) { setSpot(spot); open(spot); } }}>
        <div class="matrix-space" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
          <canvas ref={canvas} aria-hidden="true" />
          <div role="grid" aria-label={`${slice.tensor.label}, ${slice.rowTitle} by ${slice.columnTitle}`}
            aria-rowcount={slice.rows} aria-colcount={slice.columns}>
            <div role="row" aria-rowindex={row + 1}>
              {/* A new element for each cell, so that a screen reader says its name anew. */}
              <div role="gridcell" key={`${row} ${column}`} ref={cell} tabIndex={0} class="matrix-cell"
                aria-colindex={column + 1} aria-label={name([row, column])}
                aria-selected={chosen?.[0] === row && chosen[1] === column}
                style={{ left: `${layout.left + column * layout.cellWidth}px`, top: `${layout.top + row * layout.cellHeight}px`, width: `${layout.cellWidth}px`, height: `${layout.cellHeight}px` }}
                onKeyDown={onKey} onFocus={() => setFocused(true)} onBlur={() => setFocused(false)} />
            </div>
          </div>
        </div>
      </div>
      <Scrolls rows={!fits.rows ? slice.rows : 0} columns={!fits.columns ? slice.columns : 0} />
      <p class="readout muted" aria-hidden="true">{shown ? name(shown) : "Point at a cell to read it; click it, or press Enter, to see how it was made."}</p>
    </>
  );
}

/** How much there is beyond what is seen; 0 where all of it is. */
function Scrolls({ rows, columns }: { rows: number; columns: number }) {
  const parts = [columns > 0 && `↔ all ${grouped(columns)} columns`, rows > 0 && `↕ all ${grouped(rows)} rows`].filter(Boolean);
  return parts.length === 0 ? null : <p class="scrolls muted">Scroll to see {parts.join(" and ")}.</p>;
}

function nameOf(graph: Graph, slice: Slice, [row, column]: Spot): string {
  const why = slice.hidden(row, column);
  return cellName(graph, slice.tensor, slice.index(row, column), slice.value(row, column)) + (why ? `, masked: ${why}` : "");
}

/** Where a key leads in the grid; null if it is not one that moves. */
function destination({ key, ctrlKey }: KeyboardEvent, [row, column]: Spot, { rows, columns }: Slice): Spot | null {
  const to = (r: number, c: number): Spot => [Math.min(Math.max(r, 0), rows - 1), Math.min(Math.max(c, 0), columns - 1)];
  switch (key) {
    case "ArrowUp": return to(row - 1, column);
    case "ArrowDown": return to(row + 1, column);
    case "ArrowLeft": return to(row, column - 1);
    case "ArrowRight": return to(row, column + 1);
    case "PageUp": return to(row - 10, column);
    case "PageDown": return to(row + 10, column);
    case "Home": return to(ctrlKey ? 0 : row, 0);
    case "End": return to(ctrlKey ? rows - 1 : row, columns - 1);
    default: return null;
  }
}

/** Scrolls so that a cell is seen, and not behind the labels. */
function reveal(box: HTMLElement, layout: ReturnType<typeof layoutOf>, [row, column]: Spot): void {
  const [x, y] = [column * layout.cellWidth, row * layout.cellHeight];
  const [seenX, seenY] = [box.clientWidth - layout.left - layout.cellWidth, box.clientHeight - layout.top - layout.cellHeight];
  if (x < box.scrollLeft) box.scrollLeft = x;
  else if (x > box.scrollLeft + seenX) box.scrollLeft = x - seenX;
  if (y < box.scrollTop) box.scrollTop = y;
  else if (y > box.scrollTop + seenY) box.scrollTop = y - seenY;
}
