// One row of a matrix as a strip of colours (or several lines of them, where the row is long). Pointing at a column,
// or the arrow keys, moves a marker that strips can share; a click, or Enter, explains the cell.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Graph } from "../graph";
import { cellName } from "../labels";
import { show } from "../numbers";
import { fill, inkOn, type Scale } from "../palette";
import { last } from "../shapes";
import { isDark, openCell } from "../store";
import { rowOf } from "../vectors";
import "./RowStrip.css";

interface Props {
  graph: Graph;
  tensor: string;
  row: number;
  scale: Scale;
  label: string;
  column: number;
  onColumn(column: number): void;
}

const [HEIGHT, LINE_HEIGHT, NARROWEST, ROOM_FOR_NUMBER] = [30, 18, 4, 62];

export function RowStrip({ graph, tensor: name, row, scale, label, column, onColumn }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(600);
  const tensor = graph.tensor(name);
  const values = rowOf(graph.values(name)!, last(tensor.shape), row);
  const dark = isDark.value;
  const [lines, perLine] = linesOf(values.length, width);
  const [cellWidth, cellHeight] = [width / perLine, lines > 1 ? LINE_HEIGHT : HEIGHT];

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setWidth(box.current!.clientWidth));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const context = prepare(canvas.current!, width, lines * cellHeight);
    if (!context) return;
    for (let i = 0; i < values.length; i++) {
      const [x, y] = [(i % perLine) * cellWidth, Math.floor(i / perLine) * cellHeight];
      context.fillStyle = fill(scale, values[i], dark);
      context.fillRect(x, y, Math.max(cellWidth - (cellWidth > 6 ? 1 : 0), 1), cellHeight - 1);
      if (cellWidth < ROOM_FOR_NUMBER) continue;
      context.fillStyle = inkOn(scale, values[i], dark);
      context.fillText(show(values[i]), x + cellWidth / 2, y + cellHeight / 2);
    }
    context.lineWidth = 2;
    context.strokeStyle = dark ? "#fff" : "#111";
    context.strokeRect((column % perLine) * cellWidth, Math.floor(column / perLine) * cellHeight + 1, Math.max(cellWidth, 3), cellHeight - 3);
  });

  const at = (event: MouseEvent): number => {
    const { left, top } = box.current!.getBoundingClientRect();
    const line = Math.floor((event.clientY - top) / cellHeight);
    const place = line * perLine + Math.min(Math.floor((event.clientX - left) / cellWidth), perLine - 1);
    return Math.min(Math.max(place, 0), values.length - 1);
  };
  const open = (place: number) => openCell(name, tensor.shape.length === 1 ? [place] : [row, place]);
  const onKey = (event: KeyboardEvent) => {
    const to = destination(event.key, column, perLine);
    if (to !== null) onColumn(Math.min(Math.max(to, 0), values.length - 1));
    else if (event.key === "Enter" || event.key === " ") open(column);
    else return;
    event.preventDefault();
  };
  return (
    <div class="row-strip" ref={box} role="slider" tabIndex={0} aria-label={label} aria-valuemin={0} aria-valuemax={values.length - 1}
      aria-valuenow={column} aria-valuetext={cellName(graph, tensor, [row, column], values[column])}
      onMouseMove={(event) => onColumn(at(event))} onKeyDown={onKey}
      onClick={(event) => { onColumn(at(event)); open(at(event)); }}>
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  );
}

/** How many lines, and cells on each, so that no cell is too narrow to be hit: a power of two on each where it takes several. */
function linesOf(n: number, width: number): [lines: number, perLine: number] {
  if (width / n >= NARROWEST) return [1, n];
  const perLine = 2 ** Math.floor(Math.log2(width / (2 * NARROWEST)));
  return [Math.ceil(n / perLine), perLine];
}

function destination(key: string, column: number, perLine: number): number | null {
  switch (key) {
    case "ArrowLeft": return column - 1;
    case "ArrowRight": return column + 1;
    case "ArrowUp": return column - perLine;
    case "ArrowDown": return column + perLine;
    case "Home": return 0;
    case "End": return Infinity;
    default: return null;
  }
}

/** The canvas at the screen's own resolution, ready to be drawn on in CSS pixels. */
function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.scale(ratio, ratio);
  context.font = "12px ui-monospace, Menlo, Consolas, monospace";
  [context.textAlign, context.textBaseline] = ["center", "middle"];
  return context;
}
