// Editing leaves of the computation, and what follows from it. Every edit here is one of a leaf (a weight, an id,
// a mask), so that edits made one after another add up: nothing computed is ever held fast.

import { Graph, type Edits } from "../graph";
import type { Numbers, Tensor, Trace } from "../record";
import { last } from "../shapes";

export type Cell = readonly [flat: number, value: number];

/** Leaves, and what is made from nothing: positions. */
export const isEditable = ({ operands, data, op }: Tensor): boolean =>
  Object.keys(operands).length === 0 && (data !== null || op === "positions");

/** Cells of a tensor get new values. */
export function setCells(graph: Graph, name: string, cells: Iterable<Cell>): void {
  const values = graph.values(name)!.slice();
  for (const [flat, value] of cells) values[flat] = value;
  if (values.some((value, flat) => !Object.is(value, graph.original(name)![flat]))) graph.edit(name, values);
  else withdraw(graph, name);
}

/** Cells of a tensor are again what they were recorded as. */
export function restore(graph: Graph, name: string, flats: Iterable<number>): void {
  const original = graph.original(name)!;
  setCells(graph, name, Array.from(flats, (flat): Cell => [flat, original[flat]]));
}

function withdraw(graph: Graph, name: string): void {
  const edits = new Map(graph.edits.peek());
  edits.delete(name);
  graph.edits.value = edits;
}

export interface Change {
  readonly tensor: Tensor;
  readonly cells: readonly number[]; // those that differ from the record
}

/** What a reader has changed, in the order in which the tensors were first touched. */
export function changes(graph: Graph): Change[] {
  return [...graph.edits.value].map(([name, values]) => {
    const original = graph.original(name);
    const cells: number[] = [];
    for (let flat = 0; flat < values.length; flat++) if (!Object.is(values[flat], original?.[flat])) cells.push(flat);
    return { tensor: graph.tensor(name), cells };
  });
}

// ---- experiments

/** The cells of W_O that read a head: without them nothing of the head goes on. */
export function headCells(graph: Graph, attention: string, head: number): number[] {
  const weight = graph.tensor(`${attention}.output.weight`);
  const [rows, columns] = weight.shape;
  const width = columns / graph.tensor(`${attention}.weights`).shape[0];
  return Array.from({ length: rows * width }, (_, i) => Math.floor(i / width) * columns + head * width + (i % width));
}

/** A head's result no longer counts, as if it were all zeros. */
export const silenceHead = (graph: Graph, attention: string, head: number): void =>
  setCells(graph, `${attention}.output.weight`, headCells(graph, attention, head).map((flat): Cell => [flat, 0]));

export const MASKS = { decoder: ["decoder.cross_mask"], everyone: ["encoder.mask", "decoder.cross_mask"] } as const;
const PADDING = 1;

/** Nobody (or: not the decoder) may look at a source word any more, as if it were padding. */
export function hideWord(graph: Graph, word: number, from: keyof typeof MASKS): void {
  for (const name of MASKS[from]) setCells(graph, name, columnOf(graph.tensor(name), word).map((flat): Cell => [flat, PADDING]));
}

const columnOf = ({ shape: [rows, columns] }: Tensor, column: number): number[] =>
  Array.from({ length: rows }, (_, row) => row * columns + column);

/** The attentions whose heads can be silenced: those whose W_O is carried. */
export const attentions = (graph: Graph): string[] =>
  graph.trace.tensors
    .filter(({ name, data }) => name.endsWith("attention.output.weight") && data !== null)
    .map(({ name }) => name.slice(0, -".output.weight".length));

// ---- what moved

export interface Move {
  readonly tensor: Tensor;
  readonly most: number; // the largest change of a cell
  readonly at: number; // where
  readonly size: number; // the largest value that was there before
}

/** Differences this small, beside the tensor's own numbers, are float32's and not the edit's. */
const ROUNDING = 1e-5;

/** The tensors that an edit has moved, in the model's order. */
export function moves(graph: Graph): Move[] {
  const moved: Move[] = [];
  for (const tensor of graph.trace.tensors) {
    if (!graph.isChanged(tensor.name)) continue;
    const [before, after] = [graph.original(tensor.name), graph.values(tensor.name)];
    if (!before || !after) continue;
    const move = { tensor, ...largestChange(before, after) };
    if (move.most > ROUNDING * Math.max(move.size, 1)) moved.push(move);
  }
  return moved;
}

function largestChange(before: Numbers, after: Numbers): { most: number; at: number; size: number } {
  let [most, at, size] = [0, 0, 0];
  for (let flat = 0; flat < before.length; flat++) {
    const old = before[flat];
    if (Number.isFinite(old)) size = Math.max(size, Math.abs(old));
    const change = Math.abs(after[flat] - old); // NaN for −∞ twice, and for a logit that was not recorded
    if (change > most) [most, at] = [change, flat];
  }
  return { most, at, size };
}

// ---- what the model says now

/** The control tokens that a translation never says (see the record's `forbidden`). */
const NEVER_SAID = ["<pad>", "<unk>", "<s>"];
const END = "</s>";

const forbiddenIds = ({ vocabulary }: Trace): number[] => NEVER_SAID.map((piece) => vocabulary!.target.indexOf(piece));

/** The likeliest token that may be said at a step. */
export function likeliest(graph: Graph, step: number): number {
  const logProbs = graph.values("log_probs")!;
  const width = last(graph.tensor("log_probs").shape);
  const never = new Set(forbiddenIds(graph.trace));
  let best = -1;
  for (let id = 0; id < width; id++) {
    if (!never.has(id) && (best < 0 || logProbs[step * width + id] > logProbs[step * width + best])) best = id;
  }
  return best;
}

/** The probability of a token at a step; NaN where the record leaves it out. */
export const probability = (graph: Graph, step: number, id: number): number =>
  Math.exp(graph.values("log_probs")![step * last(graph.tensor("log_probs").shape) + id]);

/**
 * What the edited model says by itself: the likeliest token, fed back, until `</s>` or until the record's rows are full.
 * `pause` is awaited between two tokens, so that the page stays alive; false ends it.
 */
export async function decodeAgain(graph: Graph, pause: () => Promise<boolean>): Promise<{ ids: number[]; finished: boolean }> {
  const own = new Graph(graph.trace, graph.label);
  own.edits.value = decoderEdits(graph);
  const read = own.original("target.ids")!.slice();
  const end = graph.trace.vocabulary!.target.indexOf(END);
  const ids: number[] = [];
  while (ids.length < read.length) {
    const next = likeliest(own, ids.length);
    ids.push(next);
    if (next === end) return { ids, finished: true };
    if (ids.length < read.length && read[ids.length] !== next) {
      read[ids.length] = next;
      own.edit("target.ids", read.slice());
    }
    if (!(await pause())) break;
  }
  return { ids, finished: false };
}

/** The reader's edits, but not of what the decoder reads; and the encoder's result, which stays the same from token to token. */
function decoderEdits(graph: Graph): Edits {
  const memory = graph.tensor("decoder.0.cross_attention.key").operands.x;
  const edits = new Map(graph.edits.peek()).set(memory, graph.values(memory)!);
  edits.delete("target.ids");
  return edits;
}

/** The text of pieces: "▁" is a space; runs of "<0xE0>" are the bytes of a letter. */
export function joinPieces(pieces: readonly string[]): string {
  const bytes = /(?:<0x[0-9A-F]{2}>)+/g;
  const letters = (run: string) => new TextDecoder().decode(Uint8Array.from(run.match(/[0-9A-F]{2}/g)!, (hex) => parseInt(hex, 16)));
  return pieces.join("").replace(bytes, letters).replaceAll("▁", " ").trim();
}

/** How a single piece is shown. */
export const pieceLabel = (piece: string): string => piece.replaceAll("▁", " ").trim() || piece;

/** Pieces of a vocabulary that hold `text`: those that are it first, then those that begin with it; the shorter first. */
export function findPieces(pieces: readonly string[], text: string, most: number): number[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const found: [rank: number, id: number][] = [];
  pieces.forEach((piece, id) => {
    const label = pieceLabel(piece).toLowerCase();
    if (!label.includes(wanted)) return;
    found.push([(label === wanted ? 0 : label.startsWith(wanted) ? 1000 : 2000) + label.length, id]);
  });
  return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, most).map(([, id]) => id);
}
