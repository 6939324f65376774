// The words by which axes, positions and cells are called, on screen and in a screen reader.

import type { Graph } from "./graph";
import { show } from "./numbers";
import { OPS } from "./ops";
import type { Tensor, Trace } from "./record";

/** What an axis holds, in one phrase: "query: target", "vocabulary". */
export function axisTitle(tensor: Tensor, axis: number): string {
  const name = words(tensor.axes[axis] ?? "row");
  const role = tensor.roles?.[axis];
  return role && role !== tensor.axes[axis] ? `${words(role)}: ${name}` : name;
}

const words = (name: string): string => name.replaceAll("_", " ").replace(/^d (model|k|ff)$/, "d_$1");

/** What stands at place i of an axis: its token (the one that an edit put there), its vocabulary piece, or its number. */
export function placeText(graph: Graph, tensor: Tensor, axis: number, i: number): string {
  const { trace } = graph;
  const name = tensor.axes[axis];
  if (name === "vocabulary") return pieceText(trace, i);
  const text = trace.axes[name]?.tokens?.[i]?.text || String(i);
  const written = isStep(tensor, axis) ? writtenAt(trace, i) : null;
  return written === null ? text : stepText(text, written);
}

/** Whether a place of the axis is a step of the decoder; a key, or an id, is only a token that is read. */
export const isStep = ({ axes, roles, op }: Tensor, axis: number): boolean =>
  axes[axis] === "target" && roles?.[axis] !== "key" && op !== "input";

/** How every view calls a row of the decoder: by the token that it reads and the one that it goes on to write. */
export const stepText = (read: string, written: string): string => `${read} → ${written}`;

/** The token that row i of the decoder goes on to write; null where the record does not say. */
export function writtenAt({ axes, decode }: Trace, i: number): string | null {
  const step = decode?.steps[i];
  return step && step.read.id === axes.target?.tokens?.[i]?.id ? step.chosen.text.trim() || step.chosen.piece : null;
}

export type Side = "source" | "target";

/** The vocabulary of a side; the source's is the target's where they are joint. */
export const piecesOf = ({ vocabulary }: Trace, side: Side): readonly string[] =>
  (side === "source" && vocabulary?.source) || vocabulary!.target;

/** Whether an axis counts tokens, so that its places have words for names. */
export const hasTokens = (trace: Trace, tensor: Tensor, axis: number): boolean =>
  tensor.axes[axis] === "vocabulary" || Boolean(trace.axes[tensor.axes[axis]]?.tokens);

const pieces = new WeakMap<Trace, Map<number, string>>();

/** The piece of a target-vocabulary id, as far as the record knows it; else "#id". */
export function pieceText(trace: Trace, id: number): string {
  const listed = trace.vocabulary?.target[id];
  if (listed !== undefined) return listed;
  if (!pieces.has(trace)) {
    const known = new Map<number, string>();
    for (const axis of Object.values(trace.axes)) for (const token of axis.tokens ?? []) known.set(token.id, token.text);
    for (const step of trace.decode?.steps ?? []) for (const one of step.candidates) known.set(one.id, one.piece);
    pieces.set(trace, known);
  }
  return pieces.get(trace)!.get(id) ?? `#${id}`;
}

/** A cell in words: "query दोस्त, key friends, weight 0.42"; without a value, where it stands. */
export function cellName(graph: Graph, tensor: Tensor, index: readonly number[], value?: number): string {
  const places = index.map((i, axis) => {
    const what = tensor.roles?.[axis] ?? tensor.axes[axis] ?? "row";
    return `${words(what)} ${placeText(graph, tensor, axis, i)}`;
  });
  if (value !== undefined) places.push(`${quantity(tensor)} ${Number.isNaN(value) ? "not carried" : show(value)}`);
  return places.join(", ");
}

const quantity = ({ op, name }: Tensor): string =>
  op === "softmax" ? (name.includes("prob") ? "probability" : "weight")
  : op === "log_softmax" ? "log-probability"
  : name.endsWith("scores") ? "score"
  : "value";

/** The last part of a tensor's name; what stands before it names the sublayer. */
export const shortName = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
export const blockOf = (name: string): string => (name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "");

/** The mask that hides cells of this tensor: its own, or that of the scores a softmax was taken of. */
export function maskOf(graph: Graph, tensor: Tensor): string | null {
  if (tensor.op === "mask") return tensor.operands.mask;
  if (tensor.op !== "softmax") return null;
  const x = graph.tensor(tensor.operands.x);
  return x.op === "mask" ? x.operands.mask : null;
}

/**
 * The symbols of tensors that are named together: where two of different places have the same letter, with their
 * places, "R^(dec1.ff)" and "R^(dec1.cross)". (Python: glass/cell.py.)
 */
export function symbolsOf(tensors: readonly Pick<Tensor, "name" | "label">[]): string[] {
  return tensors.map(({ name, label }) => {
    const place = placeOf(name);
    const alone = tensors.every((other) => other.label !== label || placeOf(other.name) === place);
    return alone || !place ? label : `${label}^(${place})`;
  });
}

/** Where in the model a tensor is made, in short: "dec1.cross", "enc0.ff"; "" outside of the layers. */
function placeOf(name: string): string {
  const [, stack, layer, sublayer] = /^(enc|dec)oder\.(\d+)\.(self|cross|feed)/.exec(name) ?? [];
  return stack ? `${stack}${layer}.${sublayer === "feed" ? "ff" : sublayer}` : "";
}

/** How a tensor was made, before the names of its operands: "The softmax, over each row, of". */
export const pastTense = ({ op, attributes }: Tensor): string => OPS[op].made(attributes);

/** The block of the map that a tensor belongs to: "decoder.1.cross_attention", "source_embedding", "logits". */
export function sublayerOf(name: string): string {
  if (name.startsWith("generator.")) return "logits";
  const parts = name.split(".");
  if (parts.length > 2 && /^\d+$/.test(parts[1])) return parts.slice(0, 3).join(".");
  return parts[0];
}
