// What a cause's maps come to, and cells that are held: values, what follows, and letting go.

import { describe, expect, it } from "vitest";
import { Graph } from "../src/graph";
import type { Cause, EffectMap } from "../src/record";
import { besides, decidingHead, decidingWords, felt, proof, route, turns } from "../src/views/causes/findings";
import { attention } from "./sample";

const map = (name: string, columns: EffectMap["columns"], total: (number | null)[][]): EffectMap =>
  ({ name, columns, rows: total.map((_, i) => (i ? `layer ${i - 1}` : "embedding")), tensors: total.map(() => "x"), total, direct: total });

/** Word 1 has it at first, word 3 from layer 0 on; head 1 of layer 0 moves it. */
const cause: Cause = {
  contrast: { step: 1, measure: "logit_difference", a: { id: 4, piece: "a", text: "a" }, b: { id: 5, piece: "b", text: "b" } },
  second: null, ablation: "patch", clean: 6, other: -4, deciding: [3, 1], gap: 0, decomposition: [], lens: [], nearest: [], attributions: [],
  maps: [
    map("encoder.stream", "source", [[0, 10, null, 0], [0.5, 1, 0, 8], [-2, 0, 0, 9]]),
    map("encoder.self_attention", "head", [[1, 7], [0, 4]]),
    map("decoder.stream", "target", [[0, 0], [0, 10]]),
    map("decoder.cross_attention", "head", [[1, 2], [3, 1]]),
  ],
};

describe("findings", () => {
  it("the way goes from word to word, each with its depths", () => {
    expect(route(cause).map(({ first, last }) => [first.column, first.row, last.row, first.effect])).toEqual([[1, 0, 0, 10], [3, 1, 2, 8]]);
    expect(decidingWords(cause)).toEqual([1, 3]);
  });

  it("is proved where each word gets it, and where one that has handed it on does nothing any more", () => {
    expect(proof(cause).map(({ row, column, effect }) => [row, column, effect])).toEqual([[0, 1, 10], [1, 3, 8], [1, 1, 1]]);
  });

  it("what is left is named, and a change turns the word where it makes the contrast negative", () => {
    expect([besides(cause)!.column, besides(cause)!.effect]).toEqual([0, -2]);
    expect([turns(cause, 10), turns(cause, 6), turns(cause, 5), turns({ ...cause, contrast: { ...cause.contrast, measure: "probability" } }, 10)]).toEqual([true, false, false, false]);
    expect(felt(cause)).toEqual([2, 10, 0, 9]);
  });

  it("a head decides with half of the largest effect of all, and not with less", () => {
    expect([decidingHead(cause, "encoder.self_attention")!.row, decidingHead(cause, "encoder.self_attention")!.column]).toEqual([0, 1]);
    expect(decidingHead(cause, "decoder.cross_attention")).toBeNull();
  });
});

describe("cells that are held", () => {
  // Q of the second token becomes [1, 1]: S[1] = Q[1] · X = [3, 7].
  const patch = { id: "q", title: "a test", tensor: "q", spans: [{ start: 2, values: Float32Array.of(1, 1) }] };

  it("keep their numbers, what follows is computed from them, and the row that is not held stays", () => {
    const graph = new Graph(attention(), "");
    graph.toggle(patch);
    expect([...graph.values("q")!]).toEqual([1, 3, 1, 1]);
    expect([...graph.values("scores")!]).toEqual([7, 15, 3, 7]);
    expect([...graph.original("scores")!]).toEqual([7, 15, 17, 37]);
    expect([graph.patchOf("q", 2)?.title, graph.patchOf("q", 1), graph.patchOf("scores", 2)]).toEqual(["a test", undefined, undefined]);
    expect([graph.isAltered, graph.isChanged("scores"), graph.isChanged("x")]).toEqual([true, true, false]);
  });

  it("stay held when an operand is edited, and the others follow it", () => {
    const graph = new Graph(attention(), "");
    graph.toggle(patch);
    graph.edit("x", Float32Array.of(0, 1, 3, 4)); // Q[0] = X[0] Wᵀ = [0, 1]
    expect([...graph.values("q")!]).toEqual([0, 1, 1, 1]);
  });

  it("are let go by the same again, or with all else", () => {
    const graph = new Graph(attention(), "");
    graph.toggle(patch);
    graph.toggle(patch);
    expect(graph.isAltered).toBe(false);
    graph.toggle(patch);
    graph.edit("x", Float32Array.of(0, 1, 3, 4));
    graph.reset();
    expect([graph.isAltered, ...graph.values("q")!]).toEqual([false, ...graph.original("q")!]);
  });
});
