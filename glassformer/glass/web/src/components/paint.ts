// Draws the part of a matrix that the scrolled window shows. Only that part: 40 x 4,000 cells cost what 40 x 100 do.

import { fill, inkOn } from "../palette";
import { show } from "../numbers";
import { LABEL_FONT, TITLE_HEIGHT, type Layout } from "./layout";
import type { Slice } from "./slice";

export interface Picture {
  readonly slice: Slice;
  readonly layout: Layout;
  readonly numbers: boolean;
  readonly dark: boolean;
  readonly focus: readonly [number, number] | null; // where the keyboard is
  readonly chosen: readonly [number, number] | null; // whose explanation is open
}

export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Ink {
  readonly text: string;
  readonly muted: string;
  readonly surface: string;
  readonly accent: string;
  readonly line: string;
  readonly warm: string;
  readonly font: string;
  readonly mono: string;
}

/** How to paint again what stands on a canvas, on another context (`export/picture.ts`). */
export const repaint = new WeakMap<HTMLCanvasElement, (context: CanvasRenderingContext2D) => void>();

export function paint(canvas: HTMLCanvasElement, picture: Picture, window: Window): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(window.width * ratio);
  canvas.height = Math.round(window.height * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  const ink = inkOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  paintOn(context, picture, window, ink);
  repaint.set(canvas, (other) => paintOn(other, picture, window, ink));
}

export function paintOn(context: CanvasRenderingContext2D, picture: Picture, window: Window, ink: Ink): void {
  context.fillStyle = ink.surface;
  context.fillRect(0, 0, window.width, window.height);
  clipped(context, picture.layout.left, picture.layout.top, window, () => {
    paintCells(context, picture, window, ink);
    paintRings(context, picture, window, ink);
  });
  clipped(context, 0, picture.layout.top, { ...window, width: picture.layout.left }, () => paintRowLabels(context, picture, window, ink));
  clipped(context, picture.layout.left - 6, 0, window, () => paintColumnLabels(context, picture, window, ink));
  paintTitles(context, picture, window, ink);
}

export function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: token("--ink"), muted: token("--muted"), surface: token("--surface"), accent: token("--accent"),
    line: token("--line"), warm: token("--warm"), font: `${LABEL_FONT}px ${token("--sans")}`, mono: `12px ${token("--mono")}`,
  };
}

function clipped(context: CanvasRenderingContext2D, left: number, top: number, window: { width: number; height: number }, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(left, top, window.width - left, window.height - top);
  context.clip();
  draw();
  context.restore();
}

/** The rows and columns that the window shows: [first, end). */
function visible({ slice, layout }: Picture, window: Window) {
  const range = (offset: number, length: number, cell: number, count: number) =>
    [Math.max(0, Math.floor(offset / cell)), Math.min(count, Math.ceil((offset + length) / cell))] as const;
  return {
    rows: range(window.y, window.height - layout.top, layout.cellHeight, slice.rows),
    columns: range(window.x, window.width - layout.left, layout.cellWidth, slice.columns),
  };
}

const xOf = ({ layout }: Picture, window: Window, column: number): number => layout.left + column * layout.cellWidth - window.x;
const yOf = ({ layout }: Picture, window: Window, row: number): number => layout.top + row * layout.cellHeight - window.y;

function paintCells(context: CanvasRenderingContext2D, picture: Picture, window: Window, ink: Ink): void {
  const { slice, layout, numbers, dark } = picture;
  const { rows, columns } = visible(picture, window);
  const hatch = hatching(context, ink);
  const gap = layout.cellWidth > 12 ? 1 : 0;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = ink.mono;
  for (let row = rows[0]; row < rows[1]; row++) {
    for (let column = columns[0]; column < columns[1]; column++) {
      const [x, y] = [xOf(picture, window, column), yOf(picture, window, row)];
      const [width, height] = [layout.cellWidth - gap, layout.cellHeight - gap];
      const value = slice.value(row, column);
      const unseen = slice.hidden(row, column) !== null || !Number.isFinite(value);
      context.fillStyle = unseen ? hatch : fill(slice.scale, value, dark);
      context.fillRect(x, y, gap ? width : width + 0.5, height);
      if (numbers) {
        context.fillStyle = unseen ? ink.muted : inkOn(slice.scale, value, dark);
        context.fillText(show(value), x + width / 2, y + height / 2 + 1);
      }
      if (slice.moved(row, column)) paintCorner(context, x + width, y, ink);
    }
  }
}

/** What an edit moved wears a corner. */
function paintCorner(context: CanvasRenderingContext2D, right: number, top: number, ink: Ink): void {
  context.fillStyle = ink.warm;
  context.beginPath();
  context.moveTo(right - 9, top);
  context.lineTo(right, top);
  context.lineTo(right, top + 9);
  context.fill();
}

const tiles = new Map<string, CanvasPattern>();

function hatching(context: CanvasRenderingContext2D, ink: Ink): CanvasPattern | string {
  const known = tiles.get(ink.line);
  if (known) return known;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  if (!pen) return ink.line;
  pen.strokeStyle = ink.line;
  pen.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) {
    pen.beginPath();
    pen.moveTo(shift, 8);
    pen.lineTo(shift + 8, 0);
    pen.stroke();
  }
  const pattern = context.createPattern(tile, "repeat");
  if (pattern) tiles.set(ink.line, pattern);
  return pattern ?? ink.line;
}

function paintRings(context: CanvasRenderingContext2D, picture: Picture, window: Window, ink: Ink): void {
  const ring = (cell: readonly [number, number] | null, colour: string, dash: number[]) => {
    if (!cell) return;
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(dash);
    context.strokeRect(xOf(picture, window, cell[1]), yOf(picture, window, cell[0]), picture.layout.cellWidth - 1, picture.layout.cellHeight - 1);
  };
  ring(picture.chosen, ink.text, []);
  ring(picture.focus, ink.accent, [4, 2]);
}

function paintRowLabels(context: CanvasRenderingContext2D, picture: Picture, window: Window, ink: Ink): void {
  const { slice, layout } = picture;
  const [first, end] = visible(picture, window).rows;
  const every = Math.ceil(14 / layout.cellHeight);
  context.font = ink.font;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let row = first; row < end; row++) {
    if (row % every) continue;
    context.fillStyle = row === picture.focus?.[0] ? ink.accent : ink.text;
    context.fillText(slice.rowLabels[row], layout.left - 8, yOf(picture, window, row) + layout.cellHeight / 2, layout.left - 30);
  }
}

function paintColumnLabels(context: CanvasRenderingContext2D, picture: Picture, window: Window, ink: Ink): void {
  const { slice, layout } = picture;
  const [first, end] = visible(picture, window).columns;
  const needed = slice.wordColumns ? 17 : 30;
  const every = Math.ceil(needed / layout.cellWidth);
  context.font = ink.font;
  context.textBaseline = layout.slanted ? "middle" : "alphabetic";
  context.textAlign = layout.slanted ? "left" : "center";
  for (let column = first; column < end; column++) {
    if (column % every) continue;
    context.fillStyle = column === picture.focus?.[1] ? ink.accent : ink.text;
    const x = xOf(picture, window, column) + layout.cellWidth / 2;
    context.save();
    context.translate(x, layout.top - 7);
    if (layout.slanted) context.rotate(-Math.PI / 4);
    context.fillText(slice.columnLabels[column], 0, 0, 150);
    context.restore();
  }
}

/** The row title reads upwards from below; beside few rows it may reach above them. */
function paintTitles(context: CanvasRenderingContext2D, { slice, layout }: Picture, window: Window, ink: Ink): void {
  context.font = ink.font.replace(/^\d+px/, "12px");
  context.fillStyle = ink.muted;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText(`${slice.columnTitle} →`, layout.left, TITLE_HEIGHT / 2);
  if (!slice.rowTitle) return;
  const title = `← ${slice.rowTitle}`;
  context.save();
  context.translate(10, Math.max(4, Math.min(layout.top, window.height - context.measureText(title).width - 4)));
  context.rotate(-Math.PI / 2);
  context.textAlign = "right";
  context.fillText(title, 0, 0);
  context.restore();
}
