// Where the boxes and lines of the paper's figure 1 stand, for a model of any depth. Pure arithmetic; Figure.tsx draws it.
// Columns grow upwards from y = 0; `planOf` turns them over at the end.

export interface Shape {
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly preNorm: boolean;
  readonly finalNorm: boolean;
  readonly embeddingNorm: boolean;
  readonly positions: string; // "sinusoidal", "learned": added to the embeddings; "rotary": inside attention
}

export type Kind = "embedding" | "positions" | "attention" | "norm" | "add" | "feed_forward" | "linear" | "softmax" | "layer" | "text";

export interface Box {
  readonly kind: Kind;
  readonly block: string; // what a click selects
  readonly role: string; // "self_attention", "add", ...: says what the box is called
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface FrameBox {
  readonly block: string;
  readonly label: string;
  readonly labelRight: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Wire {
  readonly points: readonly (readonly [number, number])[];
  readonly kind: "flow" | "residual" | "memory";
  readonly arrow: boolean;
}

export interface Plan {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly frames: readonly FrameBox[];
  readonly wires: readonly Wire[];
}

const LANE = 44; // outside each stack: residual lines, the positions' symbol, "2 ×"
const GAP = 28; // between the two stacks: the encoder's output runs here
const PAD = 12;
const RESIDUAL = 16; // how far a residual line stands off its column
const ADD = 22;

const TALL = 56;
const LOW = 26;

interface Column {
  readonly x: number; // its middle
  readonly width: number;
  readonly side: -1 | 1; // where residual lines run: outside
  y: number; // how far it has grown
}

class Drawing {
  readonly boxes: Box[] = [];
  readonly frames: FrameBox[] = [];
  readonly wires: Wire[] = [];

  /** A box on top of a column; what comes up flows into it. */
  box(column: Column, kind: Kind, block: string, role: string, height: number, width = column.width): Box {
    const box = { kind, block, role, x: column.x - width / 2, y: column.y, width, height };
    this.boxes.push(box);
    column.y += height;
    return box;
  }

  /** A stretch of the line that runs up the column. */
  flow(column: Column, length: number, arrow = true): void {
    this.wires.push({ kind: "flow", arrow, points: [[column.x, column.y], [column.x, column.y + length]] });
    column.y += length;
  }
}

export function planOf(shape: Shape, expanded: { encoder: number; decoder: number }, available: number): Plan {
  const width = Math.min(Math.max((available - 2 * LANE - GAP - 4 * PAD) / 2, 92), 236);
  const drawing = new Drawing();
  const encoder: Column = { x: LANE + PAD + width / 2, width, side: -1, y: 0 };
  const decoder: Column = { x: LANE + 3 * PAD + GAP + width * 1.5, width, side: 1, y: 0 };

  drawInput(drawing, encoder, "source", shape);
  drawStack(drawing, encoder, "encoder", shape, expanded.encoder);
  drawInput(drawing, decoder, "target", shape);
  const memory = drawStack(drawing, decoder, "decoder", shape, expanded.decoder);
  drawMemory(drawing, encoder, memory, LANE + 2 * PAD + width + GAP / 2, decoder);
  drawOutput(drawing, decoder);
  return turnedOver(drawing, decoder.x + width / 2 + PAD + LANE, Math.max(encoder.y, decoder.y) + 2);
}

function drawInput(drawing: Drawing, column: Column, side: "source" | "target", { positions, embeddingNorm }: Shape): void {
  drawing.box(column, "text", `${side}_embedding`, side, 46, column.width + 2 * PAD);
  drawing.flow(column, 14);
  drawing.box(column, "embedding", `${side}_embedding`, "embedding", 44);
  if (positions !== "rotary") {
    drawing.flow(column, 12);
    const add = drawing.box(column, "add", `${side}_embedding`, "add positions", ADD, ADD);
    const x = column.x + column.side * (column.width / 2 + 4);
    const wave = { kind: "positions" as const, block: `${side}_embedding.position`, role: "positions", x: x - 20, y: add.y - 9, width: 40, height: 40 };
    drawing.boxes.push(wave);
    const y = add.y + ADD / 2;
    drawing.wires.push({ kind: "flow", arrow: true, points: [[x - column.side * 20, y], [column.x + (column.side * ADD) / 2, y]] });
  }
  if (embeddingNorm) {
    drawing.flow(column, 12);
    drawing.box(column, "norm", `${side}_embedding.norm`, "norm", LOW);
  }
  drawing.flow(column, 18, false);
}

interface Entry {
  readonly y: number;
  readonly x: number;
  readonly expanded: boolean;
}

/** Draws a stack's layers, the expanded one with its sublayers; returns where the encoder's output goes in. */
function drawStack(drawing: Drawing, column: Column, stack: "encoder" | "decoder", shape: Shape, expanded: number): Entry[] {
  const layers = stack === "encoder" ? shape.encoderLayers : shape.decoderLayers;
  const start = column.y;
  const entries: Entry[] = [];
  drawing.flow(column, PAD, false);
  for (let layer = 0; layer < layers; layer++) {
    if (layer > 0) drawing.flow(column, 10);
    const block = `${stack}.${layer}`;
    if (layer === expanded) entries.push(...drawLayer(drawing, column, block, shape, stack === "decoder"));
    else {
      const slab = drawing.box(column, "layer", block, `layer ${layer}`, LOW);
      entries.push({ x: slab.x, y: slab.y + LOW / 2, expanded: false });
    }
  }
  drawing.flow(column, PAD, false);
  const left = column.x - column.width / 2 - PAD - (column.side < 0 ? RESIDUAL : 0);
  const outer = { x: left, width: column.width + 2 * PAD + RESIDUAL };
  drawing.frames.unshift({ block: stack, label: `${layers} ×`, labelRight: column.side > 0, ...outer, y: start, height: column.y - start });
  if (shape.finalNorm) {
    drawing.flow(column, 12);
    drawing.box(column, "norm", `${stack}_norm`, "norm", LOW);
  }
  return stack === "decoder" ? entries : [];
}

function drawLayer(drawing: Drawing, column: Column, block: string, { preNorm }: Shape, decoder: boolean): Entry[] {
  const start = column.y;
  const entries: Entry[] = [];
  drawing.flow(column, 8, false);
  for (const part of decoder ? ["self_attention", "cross_attention", "feed_forward"] : ["self_attention", "feed_forward"]) {
    const fork = column.y;
    const name = `${block}.${part}`;
    if (preNorm) {
      drawing.flow(column, 14);
      drawing.box(column, "norm", `${name}_norm`, "norm", LOW);
    }
    const box = drawSublayer(drawing, column, name, part, decoder);
    if (part === "cross_attention") entries.push({ x: column.x, y: box.y - 8, expanded: true });
    drawing.flow(column, preNorm ? 10 : 8);
    const add = preNorm
      ? drawing.box(column, "add", `${name}_norm`, "add", ADD, ADD)
      : drawing.box(column, "norm", `${name}_norm`, "add & norm", LOW);
    drawResidual(drawing, column, fork + 4, add);
    drawing.flow(column, 8, false);
  }
  const left = column.x - column.width / 2 - 6 - (column.side < 0 ? RESIDUAL : 0);
  const frame = { x: left, width: column.width + 12 + RESIDUAL, y: start, height: column.y - start };
  drawing.frames.push({ block, label: "", labelRight: false, ...frame });
  return entries;
}

const PRONG = 26; // how far queries, keys and values stand apart below an attention

function drawSublayer(drawing: Drawing, column: Column, block: string, part: string, decoder: boolean): Box {
  if (part === "feed_forward") {
    drawing.flow(column, 16);
    return drawing.box(column, "feed_forward", block, part, TALL);
  }
  const [foot, top] = [column.y + 8, column.y + 20];
  drawing.wires.push({ kind: "flow", arrow: true, points: [[column.x, column.y], [column.x, top]] });
  const own = part === "cross_attention" ? [] : [-PRONG, PRONG];
  for (const x of own) drawing.wires.push({ kind: "flow", arrow: true, points: [[column.x, foot], [column.x + x, foot], [column.x + x, top]] });
  column.y = top;
  return drawing.box(column, "attention", block, decoder && part === "self_attention" ? "masked self_attention" : part, TALL);
}

/** Around the sublayer, into the addition. */
function drawResidual(drawing: Drawing, column: Column, from: number, add: Box): void {
  const x = column.x + column.side * (column.width / 2 + RESIDUAL - 4);
  const end = column.side < 0 ? add.x : add.x + add.width;
  const y = add.y + add.height / 2;
  drawing.wires.push({ kind: "residual", arrow: true, points: [[column.x, from], [x, from], [x, y], [end, y]] });
}

/** The encoder's output: keys and values of every decoder layer's cross-attention. */
function drawMemory(drawing: Drawing, encoder: Column, entries: readonly Entry[], x: number, decoder: Column): void {
  const top = encoder.y + 16;
  const ends = entries.map(({ y }) => y);
  drawing.wires.push({ kind: "memory", arrow: false, points: [[encoder.x, encoder.y], [encoder.x, top], [x, top]] });
  drawing.wires.push({ kind: "memory", arrow: false, points: [[x, Math.min(top, ...ends)], [x, Math.max(top, ...ends)]] });
  for (const entry of entries) {
    if (!entry.expanded) drawing.wires.push({ kind: "memory", arrow: true, points: [[x, entry.y], [entry.x, entry.y]] });
    else {
      for (const shift of [-2 * PRONG, -PRONG]) {
        const prong = decoder.x + shift;
        drawing.wires.push({ kind: "memory", arrow: true, points: [[x, entry.y], [prong, entry.y], [prong, entry.y + 8]] });
      }
    }
  }
  encoder.y = top;
}

function drawOutput(drawing: Drawing, column: Column): void {
  drawing.flow(column, 14);
  drawing.box(column, "linear", "logits", "linear", 40);
  drawing.flow(column, 12);
  drawing.box(column, "softmax", "log_probs", "softmax", 40);
  drawing.flow(column, 14);
  drawing.box(column, "text", "log_probs", "output", 46, column.width + 2 * PAD);
}

function turnedOver(drawing: Drawing, width: number, height: number): Plan {
  const over = <T extends { y: number; height: number }>(box: T): T => ({ ...box, y: height - box.y - box.height });
  return {
    width,
    height,
    boxes: drawing.boxes.map(over),
    frames: drawing.frames.map(over),
    wires: drawing.wires.map((wire) => ({ ...wire, points: wire.points.map(([x, y]) => [x, height - y] as const) })),
  };
}
