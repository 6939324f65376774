// Editing leaves of the computation, and what follows from it. Every edit here is one of a leaf (a weight, an id,
// a mask), so that edits made one after another add up. What is computed is held fast by interventions alone (`causes/`).

import { Graph, type Edits } from "../../graph";
import { hasMoved, sizeOf } from "../../movement";
import { pieceLabel } from "../../pieces";
import type { Tensor, Trace } from "../../record";
import { last, type Numbers } from "../../shapes";
import { cosine, rowOf } from "../../vectors";

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

/** One thing that a reader has changed: cells of one tensor that belong together. */
export interface Change {
  readonly tensor: Tensor;
  readonly cells: readonly number[];
  readonly kind: "cell" | "column" | "head" | "cells";
  readonly place: number; // the flat index, the column or the head
}

const MOST_CELLS = 8; // single cells that are listed one by one

/** What a reader has changed, in the order in which the tensors were first touched. */
export const changes = (graph: Graph): Change[] => [...graph.edits.value].flatMap(([name, values]) => changesOf(graph, graph.tensor(name), values));

function changesOf(graph: Graph, tensor: Tensor, values: Numbers): Change[] {
  const original = graph.original(tensor.name);
  const cells: number[] = [];
  for (let flat = 0; flat < values.length; flat++) if (!Object.is(values[flat], original?.[flat])) cells.push(flat);
  if (tensor.dtype === "uint8") {
    return grouped(cells, (flat) => flat % last(tensor.shape)).map(([place, own]) => ({ tensor, cells: own, kind: "column", place }));
  }
  const silent = silentHeads(graph, tensor, values).map((place): Change => ({ tensor, cells: headCells(graph, attentionOf(tensor), place), kind: "head", place }));
  const covered = new Set(silent.flatMap((change) => change.cells));
  const rest = cells.filter((flat) => !covered.has(flat));
  if (rest.length > MOST_CELLS) return [...silent, { tensor, cells: rest, kind: "cells", place: rest[0] }];
  return [...silent, ...rest.map((flat): Change => ({ tensor, cells: [flat], kind: "cell", place: flat }))];
}

/** Things with the same key together, in the order in which the keys come up. */
export function grouped<T, K>(things: readonly T[], key: (thing: T) => K): [K, T[]][] {
  const found = new Map<K, T[]>();
  for (const thing of things) {
    const own = found.get(key(thing));
    if (own) own.push(thing);
    else found.set(key(thing), [thing]);
  }
  return [...found];
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

const attentionOf = ({ name }: Tensor): string => name.slice(0, -".output.weight".length);

/** The heads of which W_O reads nothing. */
function silentHeads(graph: Graph, tensor: Tensor, values: Numbers): number[] {
  if (!isOutputWeight(tensor)) return [];
  const heads = graph.tensor(`${attentionOf(tensor)}.weights`).shape[0];
  return Array.from({ length: heads }, (_, head) => head).filter((head) =>
    headCells(graph, attentionOf(tensor), head).every((flat) => values[flat] === 0));
}

const isOutputWeight = ({ name }: Tensor): boolean => name.endsWith("attention.output.weight");

/** Nobody (or: not the decoder) may look at a source word any more, as if it were padding. */
export function hideWord(graph: Graph, word: number, from: keyof typeof MASKS): void {
  for (const name of MASKS[from]) setCells(graph, name, columnOf(graph.tensor(name), word).map((flat): Cell => [flat, PADDING]));
}

const columnOf = ({ shape: [rows, columns] }: Tensor, column: number): number[] =>
  Array.from({ length: rows }, (_, row) => row * columns + column);

/** The attentions whose heads can be silenced: those whose W_O is carried. */
export const attentions = (graph: Graph): string[] =>
  graph.trace.tensors.filter((tensor) => isOutputWeight(tensor) && tensor.data !== null).map(attentionOf);

// ---- what moved

export interface Move {
  readonly tensor: Tensor;
  readonly most: number; // the largest change of a cell
  readonly at: number; // where
  readonly size: number; // the largest value that was there before
}

/** The tensors that an edit has moved, in the model's order. */
export function moves(graph: Graph): Move[] {
  const moved: Move[] = [];
  for (const tensor of graph.trace.tensors) {
    if (!graph.isChanged(tensor.name)) continue;
    const [before, after] = [graph.original(tensor.name), graph.values(tensor.name)];
    if (!before || !after) continue;
    const { at, most } = largestChange(before, after);
    const size = sizeOf(before);
    if (hasMoved(tensor, size, before[at], after[at])) moved.push({ tensor, most, at, size });
  }
  return moved;
}

function largestChange(before: Numbers, after: Numbers): { most: number; at: number } {
  let [most, at] = [0, 0];
  for (let flat = 0; flat < before.length; flat++) {
    const change = Math.abs(after[flat] - before[flat]); // NaN for −∞ twice, and for a logit that was not recorded
    if (change > most) [most, at] = [change, flat];
  }
  return { most, at };
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
  const own = new Graph(graph.recorded, graph.label);
  own.edits.value = decoderEdits(graph);
  own.patches.value = graph.patches.peek();
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

/** The rows of an embedding table that point most nearly where row `id` points, nearest first. */
export function neighbours(table: Numbers, width: number, id: number, most: number): { id: number; cosine: number }[] {
  const own = rowOf(table, width, id);
  const all = Array.from({ length: table.length / width }, (_, other) => ({ id: other, cosine: cosine(own, rowOf(table, width, other)) }));
  return all.filter((one) => one.id !== id).sort((a, b) => b.cosine - a.cosine).slice(0, most);
}

/** Why a number cannot stand in a tensor; null if it can. */
export function refusal(graph: Graph, tensor: Tensor, value: number): string | null {
  if (!Number.isFinite(value)) return "Type a number, such as 0.5 or −2.";
  if (tensor.dtype === "uint8" && ![0, 1, 2, 3].includes(value)) return "A mask holds 0 (visible), 1 (padding), 2 (future) or 3 (both).";
  if (tensor.dtype !== "int32") return Math.abs(value) > LARGEST ? "That is too large for float32 to compute with." : null;
  const rows = Math.min(...graph.consumers(tensor.name).filter(({ op }) => op === "lookup").map(({ operands }) => graph.tensor(operands.table).shape[0]));
  return Number.isInteger(value) && value >= 0 && value < rows ? null : `An id is a whole number from 0 to ${rows - 1}.`;
}

const LARGEST = 1e30;

/** The number that a reader has typed; NaN if it is none. Commas and true minus signs count too. */
export const numberIn = (text: string): number => (text.trim() === "" ? NaN : Number(text.trim().replace("−", "-").replace(",", ".")));
