// What a reader has changed, as the text of an address, and back: "W_Q[0-3,2]=0.5" gives cells [0,2] to [3,2] of W_Q
// the value 0.5. A changed word is one cell of ids, a hidden one a column of a mask, a silent head columns of W_O.

import type { Edits, Graph } from "./graph";
import type { Tensor } from "./record";
import { last, size, type Numbers } from "./shapes";
import { MOST_EDITS } from "./url";
import { isEditable, refusal } from "./views/edit/editing";

/** Cells of equal value: rows and columns from the first to the last of each, as rows of the last axis. */
interface Block {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly value: number;
}

/** The edits of a graph as texts; null where they are more than an address holds. */
export function writeEdits(graph: Graph): string[] | null {
  const written: string[] = [];
  for (const [name, values] of graph.edits.value) {
    const tensor = graph.tensor(name);
    for (const block of blocksOf(values, graph.original(name), last(tensor.shape))) {
      if (written.push(blockText(tensor, block)) > MOST_EDITS) return null;
    }
  }
  return written;
}

function blockText({ name, shape, dtype }: Tensor, { rows, columns, value }: Block): string {
  const span = ([from, to]: readonly [number, number]) => (from === to ? `${from}` : `${from}-${to}`);
  const where = shape.length > 1 ? `${span(rows)},${span(columns)}` : span(columns);
  return `${name}[${where}]=${dtype === "float32" ? shortest(value) : value}`;
}

/** The shortest decimal that float32 reads as this number. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

/** The changed cells as blocks of one value: runs of a row, put together with equal runs of the rows below. */
function blocksOf(values: Numbers, original: Numbers | null, width: number): Block[] {
  const open = new Map<string, Block>();
  const blocks: Block[] = [];
  const changed = (flat: number) => !Object.is(values[flat], original?.[flat]);
  for (let row = 0; row * width < values.length; row++) {
    for (let column = 0; column < width; column++) {
      const start = row * width + column;
      if (!changed(start)) continue;
      let end = column;
      while (end + 1 < width && changed(start + end + 1 - column) && Object.is(values[start + end + 1 - column], values[start])) end++;
      const key = `${column} ${end} ${values[start]}`;
      const above = open.get(key);
      const block: Block = { rows: [above && above.rows[1] === row - 1 ? above.rows[0] : row, row], columns: [column, end], value: values[start] };
      if (above && block.rows[0] === above.rows[0]) blocks[blocks.indexOf(above)] = block;
      else blocks.push(block);
      open.set(key, block);
      column = end;
    }
  }
  return blocks;
}

const TEXT = /^([\w.]+)\[(?:(\d+)(?:-(\d+))?,)?(\d+)(?:-(\d+))?\]=(-?\d[\d.e+-]{0,24})$/;

/** The edits that texts stand for. One that this graph does not allow counts for nothing. */
export function readEdits(graph: Graph, texts: readonly string[]): Edits {
  const edits = new Map<string, Numbers>();
  for (const text of texts.slice(0, MOST_EDITS)) {
    const [, name = "", row, lastRow, column, lastColumn, number] = TEXT.exec(text) ?? [];
    if (!graph.has(name)) continue;
    const tensor = graph.tensor(name);
    const block = fitting(tensor, spanOf(row ?? "0", lastRow), spanOf(column, lastColumn), Number(number));
    if (!block || !isEditable(tensor) || refusal(graph, tensor, block.value) !== null) continue;
    const values = edits.get(name) ?? graph.original(name)?.slice();
    if (!values) continue;
    fill(values, block, last(tensor.shape));
    edits.set(name, values);
  }
  for (const [name, values] of edits) if (values.every((value, flat) => Object.is(value, graph.original(name)![flat]))) edits.delete(name);
  return edits;
}

const spanOf = (from: string, to: string | undefined): readonly [number, number] => [Number(from), Number(to ?? from)];

function fitting({ shape }: Tensor, rows: readonly [number, number], columns: readonly [number, number], value: number): Block | null {
  const width = last(shape);
  const inside = ([from, to]: readonly [number, number], count: number) => from <= to && to < count;
  return inside(columns, width) && inside(rows, size(shape) / width) ? { rows, columns, value } : null;
}

function fill(values: Numbers, { rows, columns, value }: Block, width: number): void {
  for (let row = rows[0]; row <= rows[1]; row++) values.fill(value, row * width + columns[0], row * width + columns[1] + 1);
}
