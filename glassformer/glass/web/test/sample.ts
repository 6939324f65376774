// A small record made by hand, for tests: two tokens through Q, K, scores, a mask and a softmax.

import type { PageDocument, Tensor, Trace } from "../src/record";
import type { Numbers } from "../src/shapes";

export function base64(values: Numbers): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

export const float32 = (...values: number[]): string => base64(Float32Array.from(values));

export function tensor(name: string, op: Tensor["op"], shape: number[], data: string | null, rest: Partial<Tensor> = {}): Tensor {
  const axes = shape.map((_, i) => ["target", "d_model"][i] ?? "d_model");
  return { name, op, operands: {}, attributes: {}, axes, roles: null, shape, dtype: "float32", label: name, data, columns: null, statistics: {}, ...rest };
}

export function token(text: string, start: number) {
  return {
    id: start, piece: text, text, start, end: start + [...text].length, byte_start: start, byte_end: start, word: 0,
    special: false, direction: "ltr" as const, script: "Latin",
  };
}

/** X (2 x 2) → Q = X W, K = X V; S = Q Kᵀ; masked; A = softmax; Z = A X. The mask hides the future. */
export function attention(): Trace {
  const square = { axes: ["target", "target"], roles: ["query", "key"] };
  return trace([
    tensor("mask", "input", [2, 2], base64(Uint8Array.of(0, 2, 0, 0)), { ...square, dtype: "uint8" }),
    tensor("x", "input", [2, 2], float32(1, 2, 3, 4)),
    tensor("w", "parameter", [2, 2], float32(1, 0, 1, 1)),
    tensor("q", "linear", [2, 2], float32(1, 3, 3, 7), { operands: { x: "x", weight: "w" } }),
    tensor("scores", "matmul_transposed", [2, 2], float32(7, 15, 17, 37), { operands: { a: "q", b: "x" }, ...square }),
    tensor("scaled", "scale", [2, 2], null, { operands: { x: "scores" }, attributes: { factor: 0.5, text: "1/2" }, ...square }),
    tensor("masked", "mask", [2, 2], null, { operands: { x: "scaled", mask: "mask" }, ...square }),
    tensor("weights", "softmax", [2, 2], float32(1, 0, 4.5397868e-5, 0.9999546), { operands: { x: "masked" }, ...square }),
    tensor("z", "matmul", [2, 2], float32(1, 2, 2.9999092, 3.9999092), { operands: { a: "weights", b: "x" } }),
  ]);
}

export function trace(tensors: Tensor[]): Trace {
  return {
    schema: "glassformer-trace/1",
    meta: { kind: "translation", title: "a test", version: "0", card: {}, seed: 1, kernel: "explicit", dtype: "float32", detail: "full+weights" },
    model: {},
    conventions: {},
    axes: { target: { size: 2, text: "ab", tokens: [token("a", 0), token("b", 1)] }, d_model: { size: 2 } },
    vocabulary: null,
    tensors,
    decode: null,
    beam: null,
    checks: [],
    tour: [],
  };
}

export const documentOf = (record: Trace): PageDocument => ({
  schema: "glassformer-page/1",
  kind: "trace",
  title: "a test",
  traces: [{ label: "trace", record }],
});
