import { describe, expect, it } from "vitest";
import type { Tensor } from "../src/record";
import { blockText, entropy, grouped, kindsOf, mean, pickOf, sheetsOf } from "../src/views/attentionWeights";

const weights = (name: string, shape: number[]): Tensor => ({
  name, shape, op: "softmax", operands: {}, attributes: {}, axes: [], dtype: "float32", label: "A", data: null, columns: null, statistics: {},
  roles: [...(shape.length > 2 ? ["head"] : []), "query", "key"],
});
const trace = (...tensors: Tensor[]) => ({ tensors }) as unknown as Parameters<typeof kindsOf>[0];

const kinds = kindsOf(trace(
  weights("encoder.0.self_attention.weights", [4, 3, 3]),
  weights("encoder.1.self_attention.weights", [4, 3, 3]),
  { ...weights("decode.probabilities", [3, 9]), roles: null },
  weights("decoder.0.cross_attention.weights", [4, 2, 3]),
  weights("decoder.1.cross_attention.weights", [4, 2, 3]),
  weights("masked.weights", [3, 3]),
  weights("weights", [3, 3]),
));

describe("the attentions of a trace", () => {
  it("are grouped by kind; a softmax over the vocabulary is none", () => {
    expect(kinds.map(({ id, layers }) => [id, layers.length])).toEqual([
      ["encoder.self_attention", 2], ["decoder.cross_attention", 2], ["masked", 1], ["attention", 1],
    ]);
  });
  it("are picked by the address, and every pick has one", () => {
    for (const { id, layers } of kinds) {
      for (const layer of [null, layers.length - 1]) {
        for (const head of layers[0].shape.length > 2 ? [null, 0, 3] : [null, 0]) {
          expect(pickOf(blockText({ kind: id, layer, head }), kinds)).toEqual({ kind: id, layer, head });
        }
      }
    }
  });
  it("are picked by a block of the map, and a wrong address leads to the beginning", () => {
    expect(pickOf("encoder.0.self_attention", kinds)).toEqual({ kind: "encoder.self_attention", layer: 0, head: null });
    const beginning = { kind: "decoder.cross_attention", layer: null, head: null };
    for (const wrong of [null, "", "x:1:1", "logits"]) expect(pickOf(wrong, kinds)).toEqual(beginning);
    expect(pickOf("encoder.self_attention:7:9", kinds)).toEqual({ kind: "encoder.self_attention", layer: null, head: null });
  });
  it("give one matrix for a layer and a head, or all of them", () => {
    expect(sheetsOf(kinds[0], { layer: null, head: null })).toHaveLength(8);
    expect(sheetsOf(kinds[0], { layer: 1, head: null }).map(({ head }) => head)).toEqual([0, 1, 2, 3]);
    expect(sheetsOf(kinds[0], { layer: 1, head: 2 }).map(({ tensor, head }) => [tensor.name, head])).toEqual([["encoder.1.self_attention.weights", 2]]);
    expect(sheetsOf(kinds[2], { layer: 0, head: 0 }).map(({ head }) => head)).toEqual([null]);
  });
});

describe("weights", () => {
  it("have their mean cell by cell", () => {
    expect([...mean([[1, 0, 0.5], [0, 1, 0.25]])]).toEqual([0.5, 0.5, 0.375]);
  });
  it("of words: the sum over columns, the mean over rows", () => {
    const matrix = [0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0, 0, 1];
    expect(grouped(matrix, 3, [[0, 1], [2]], [[0], [1, 2]])).toEqual([[0.375, 0.625], [0, 1]]);
  });
  it("keep rows that sum to 1 when words are joined", () => {
    const rows = Array.from({ length: 5 }, (_, r) => Array.from({ length: 5 }, (_, c) => ((r * 7 + c * 3) % 5) + 1));
    const matrix = rows.flatMap((row) => row.map((x) => x / row.reduce((a, b) => a + b)));
    for (const row of grouped(matrix, 5, [[0], [1, 2], [3, 4]], [[0, 1, 2], [3], [4]])) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });
  it("have the entropy of information theory, in nats", () => {
    expect(entropy([0, 1, 0])).toBe(0);
    expect(entropy([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(2 * Math.LN2, 12);
    expect(entropy([0.5, 0.25, 0.25])).toBeCloseTo(1.5 * Math.LN2, 12); // 1.5 bits
  });
});
