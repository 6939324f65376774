// The parts of a model that a sweep goes through, by the names of their tensors (Python: glass/causes/components.py).

import type { EffectMap, Trace } from "../record";

type Stack = "encoder" | "decoder";
const SIDES = { encoder: "source", decoder: "target" } as const;
const KINDS = { encoder: ["self_attention", "feed_forward"], decoder: ["self_attention", "cross_attention", "feed_forward"] } as const;
export const STACKS: readonly Stack[] = ["encoder", "decoder"];

const layers = ({ model }: Trace, stack: Stack): number[] => Array.from({ length: Number(model[`${stack}_layers`]) }, (_, layer) => layer);

/** The residual stream of a stack: the embedding with position and norm, then what each layer leaves. */
export function stream(trace: Trace, stack: Stack): string[] {
  const names = new Set(trace.tensors.map(({ name }) => name));
  const bottom = ["norm", "output", "scaled", "lookup"].map((part) => `${SIDES[stack]}_embedding.${part}`).find((name) => names.has(name))!;
  const part = trace.model.norm_position === "pre" ? "residual" : "norm";
  return [bottom, ...layers(trace, stack).map((layer) => `${stack}.${layer}.feed_forward_norm.${part}`)];
}

/** The sublayers of a stack in their order. */
const sublayers = (trace: Trace, stack: Stack): string[] => layers(trace, stack).flatMap((layer) => KINDS[stack].map((kind) => `${stack}.${layer}.${kind}`));

/** What a sublayer adds to the stream. */
const outputOf = (sublayer: string): string => `${sublayer}.${sublayer.endsWith("feed_forward") ? "outer" : "output"}`;

/**
 * What the sublayers above a tensor add to the stream of its own stack. Holding them leaves what the tensor does to the
 * stack's output by itself: its direct effect.
 */
export function after(trace: Trace, tensor: string): string[] {
  const all = sublayers(trace, /^(decoder|target)/.test(tensor) ? "decoder" : "encoder");
  const reached = all.findIndex((name) => tensor.startsWith(`${name}.`) || tensor.startsWith(`${name}_norm.`));
  return all.slice(reached + 1).map(outputOf);
}

/** The maps that a sweep fills, with nothing in them yet. `reading`: the record of what is read up to the question's step. */
export const emptyMaps = (reading: Trace): EffectMap[] => STACKS.flatMap((stack) => [streamMap(reading, stack), ...KINDS[stack].map((kind) => sublayerMap(reading, stack, kind))]);

function streamMap(reading: Trace, stack: Stack): EffectMap {
  const tensors = stream(reading, stack);
  const rows = tensors.map((_, depth) => (depth ? `layer ${depth - 1}` : "embedding"));
  return empty(`${stack}.stream`, rows, tensors, SIDES[stack], reading.axes[SIDES[stack]].size);
}

function sublayerMap(reading: Trace, stack: Stack, kind: string): EffectMap {
  const own = layers(reading, stack);
  const rows = own.map((layer) => `layer ${layer}`);
  const names = own.map((layer) => `${stack}.${layer}.${kind}`);
  if (kind === "feed_forward") return empty(`${stack}.${kind}`, rows, names.map(outputOf), "all", 1);
  return empty(`${stack}.${kind}`, rows, names.map((name) => `${name}.heads`), "head", Number(reading.model.num_heads));
}

function empty(name: string, rows: string[], tensors: string[], columns: EffectMap["columns"], width: number): EffectMap {
  const nothing = () => rows.map(() => new Array<number | null>(width).fill(null));
  return { name, rows, tensors, columns, total: nothing(), direct: nothing() };
}
