// The record of another sentence: the computation of a record that carries its weights, with other token ids put in.
// Every number of it is computed by the page, from the ids and the weights, when a view asks for it (`graph.ts`).

import { FUTURE } from "../ops/mask";
import type { Axis, Tensor, Trace } from "../record";
import { size } from "../shapes";

/** Whether the page can put another sentence into a record: its weights and tokenizers are carried, nothing is held fast. */
export const takesSentences = ({ translator, vocabulary, tensors }: Trace): boolean =>
  Boolean(translator && vocabulary) && tensors.every(({ op, data, name }) => (op === "parameter" ? data !== null : op !== "input" || Object.hasOwn(INPUTS, name)));

export interface Sides {
  readonly source: Axis;
  readonly target: Axis; // what the decoder reads
}

/** The record with these tokens on both sides. Its decode loop is still to be filled in. */
export function withTokens(record: Trace, sides: Sides): Trace {
  const axes: Trace["axes"] = { ...record.axes, ...sides };
  const tensors = record.tensors.map((tensor): Tensor => {
    if (tensor.op === "parameter") return tensor;
    const shape = tensor.axes.map((axis) => axes[axis].size);
    const data = tensor.op === "input" ? base64(INPUTS[tensor.name](sides), tensor.dtype, size(shape)) : null;
    return { ...tensor, shape, data, columns: null, statistics: {} };
  });
  const ofTheSentence = { decode: null, beam: null, checks: [], interventions: undefined, cause: undefined, training_step: undefined };
  return { ...record, axes, tensors, ...ofTheSentence };
}

const places = ({ size: n }: Axis) => Array.from({ length: n }, (_, i) => i);
const ids = ({ tokens }: Axis) => tokens!.map(({ id }) => id);
const NOTHING_HIDDEN: readonly number[] = [];

/** What is given and not computed: ids, places, and what the masks hide. */
const INPUTS: { readonly [name: string]: (sides: Sides) => readonly number[] } = {
  "source.ids": ({ source }) => ids(source),
  "target.ids": ({ target }) => ids(target),
  "source.places": ({ source }) => places(source),
  "target.places": ({ target }) => places(target),
  "encoder.mask": () => NOTHING_HIDDEN,
  "decoder.cross_mask": () => NOTHING_HIDDEN,
  "decoder.self_mask": ({ target }) => places(target).flatMap((row) => places(target).map((column) => (column > row ? FUTURE : 0))),
};

function base64(values: readonly number[], dtype: Tensor["dtype"], n: number): string {
  const numbers = dtype === "uint8" ? new Uint8Array(n) : new Int32Array(n);
  numbers.set(values);
  return btoa(Array.from(new Uint8Array(numbers.buffer), (byte) => String.fromCharCode(byte)).join(""));
}
