import { expect, test } from "vitest";
import { Graph } from "../src/graph";
import { percent } from "../src/numbers";
import type { Candidate, Decode, Trace } from "../src/record";
import { common, deltas, difference, parting, sameVocabulary, words } from "../src/views/compare/differences";
import { attention, EVERYWHERE, strongest } from "../src/views/decoding/attention";
import { evenChoices, hasColumn, outputs } from "../src/views/decoding/output";
import { spell } from "../src/pieces";
import { written } from "../src/views/decoding/written";
import { chance, meanEntropy, probes } from "../src/views/learning/probes";
import { float32, tensor, token, trace } from "./sample";

const candidate = (id: number, piece: string, probability: number): Candidate => ({
  id, piece, text: piece, logit: 0, log_prob: Math.log(probability), probability, rank: 0,
});

/** A decode loop that takes these pieces; `also` are the other candidates of each step. */
function decode(pieces: string[], also: Candidate[] = []): Decode {
  const steps = pieces.map((piece, step) => {
    const chosen = candidate(piece.charCodeAt(0), piece, 0.5);
    return { step, read: chosen, chosen, candidates: [chosen, ...also], entropy: step, logsumexp: 0 };
  });
  return { strategy: "greedy", options: {}, text: pieces.join(""), log_prob: 0, score: 0, finished: true, steps };
}

/** Two layers, two heads, target 2 × source 3. */
function crossing(pieces = ["a", "b"]): Trace {
  const weights = (name: string, ...values: number[]) =>
    tensor(name, "softmax", [2, 2, 3], float32(...values), { operands: {}, axes: ["head", "target", "source"], roles: ["head", "query", "key"] });
  const made = trace([
    weights("decoder.0.cross_attention.weights", 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0),
    weights("decoder.1.cross_attention.weights", 0.5, 0.5, 0, 0, 0.25, 0.75, 0, 1, 0, 0, 0, 1),
  ]);
  made.axes = { ...made.axes, source: { size: 3, text: "x y z", tokens: [token("x", 0), token("y", 2), token("z", 4)] } };
  made.decode = decode(pieces);
  return made;
}

test("attention is the mean over the chosen layers and heads", () => {
  const graph = new Graph(crossing(), "");
  expect([...attention(graph, EVERYWHERE)!]).toEqual([0.375, 0.375, 0.25, 0.25, 0.3125, 0.4375]);
  expect([...attention(graph, { layer: 1, head: 0 })!]).toEqual([0.5, 0.5, 0, 0, 0.25, 0.75]);
  expect([...attention(graph, { layer: null, head: 1 })!]).toEqual([0, 0.5, 0.5, 0.5, 0, 0.5]);
  expect([...attention(graph, { layer: 7, head: 0 })!]).toEqual([...attention(graph, EVERYWHERE)!]);
  expect(attention(new Graph(trace([]), ""), EVERYWHERE)).toBeNull();
});

test("a mean's number leads to its largest cell", () => {
  const graph = new Graph(crossing(), "");
  expect(strongest(graph, EVERYWHERE, [1], [2])).toEqual(["decoder.1.cross_attention.weights", [1, 1, 2]]);
  expect(strongest(graph, { layer: 0, head: null }, [0], [1, 2])).toEqual(["decoder.0.cross_attention.weights", [1, 0, 2]]);
});

test("what is written so far grows token by token and keeps spaces out of the token", () => {
  const made = trace([]);
  const tokens = [{ ...token("", 0), special: true }, { ...token("हम", 0), end: 2 }, { ...token("दोस्त", 2), end: 8 }];
  made.axes = { ...made.axes, target: { size: 3, text: "हम दोस्त", tokens } };
  expect(written(made, 0)).toEqual({ before: "", added: "हम" });
  expect(written(made, 1)).toEqual({ before: "हम ", added: "दोस्त" });
  expect(written(made, 2)).toEqual({ before: "हम दोस्त", added: "" });
});

test("pieces spell text, also where a character is spelled in bytes", () => {
  expect(spell(["▁Das", "▁T", "ier"])).toBe("Das Tier");
  expect(spell(["▁", "<0xE2>", "<0x82>", "<0xAC>", "5"])).toBe("€5");
  expect(spell(["e", "e", "e"])).toBe("eee");
});

test("shares are never rounded to none or all", () => {
  expect([0, 0.00001, 0.0012, 0.57006, 0.99961, 0.99999, 1].map(percent)).toEqual(["0 %", "1.0e−3 %", "0.12 %", "57.0 %", "99.96 %", "99.9990 %", "100 %"]);
  expect(evenChoices(Math.log(8))).toBeCloseTo(8, 12);
});

test("the output is found, and which of its columns are recorded", () => {
  const axes = ["target", "vocabulary"];
  const graph = new Graph(trace([
    tensor("logits", "input", [2, 9], float32(1, 2, 3, 4), { axes, columns: [2, 5] }),
    tensor("log_probs", "log_softmax", [2, 9], float32(1, 2, 3, 4), { axes, columns: [2, 5], operands: { x: "logits" } }),
  ]), "");
  expect(outputs(graph)).toEqual({ probabilities: "log_probs", logits: "logits" });
  expect([2, 3].map((id) => hasColumn(graph, "logits", id))).toEqual([true, false]);
  expect(outputs(new Graph(crossing(), ""))).toBeNull();
});

test("two translations part at the first different token, or where one ends", () => {
  const steps = (...pieces: string[]) => decode(pieces).steps;
  expect(parting(steps("a", "b"), steps("a", "b"))).toBeNull();
  expect(parting(steps("a", "b"), steps("a", "c"))).toBe(1);
  expect(parting(steps("a"), steps("a", "b"))).toBe(1);
});

test("tensors are compared up to the step in which the translations part", () => {
  const [a, b] = [new Graph(crossing(["a", "b"]), "A"), new Graph(crossing(["c", "b"]), "B")];
  const name = "decoder.1.cross_attention.weights";
  b.edit(name, Float32Array.of(0.5, 0.25, 0.25, 9, 9, 9, 0, 1, 0, 9, 9, 9));
  const part = common(a, b, name)!;
  expect(part.shape).toEqual([2, 1, 3]);
  expect([...deltas(a, b, part)!]).toEqual([0, 0.25, -0.25, 0, 0, 0]);
  // Both have mean size 1/3, the mean of |Δ| is 0.5 / 6.
  expect(difference(a, b, name)).toEqual({ name, largest: 0.25, mean: 0.5 / 6, relative: 0.25 });
  expect(common(a, b, "nothing")).toBeNull();
});

test("what stands for other tokens or another shape is not compared", () => {
  const other = crossing();
  other.axes.source.tokens![1].piece = "w";
  expect(common(new Graph(crossing(), ""), new Graph(other, ""), "decoder.0.cross_attention.weights")).toBeNull();
  const wide = new Graph(trace([tensor("w", "parameter", [2, 3], float32(1, 2, 3, 4, 5, 6))]), "");
  const narrow = new Graph(trace([tensor("w", "parameter", [2, 2], float32(1, 2, 3, 4))]), "");
  expect(common(wide, narrow, "w")).toBeNull();
});

test("minus infinity in both is no difference", () => {
  const graph = () => new Graph(trace([tensor("m", "input", [1, 2], float32(-Infinity, 2), { axes: ["d_k", "d_k"] })]), "");
  const [a, b] = [graph(), graph()];
  expect(difference(a, b, "m")).toEqual({ name: "m", largest: 0, mean: 0, relative: 0 });
});

test("vocabularies differ if one id means two pieces", () => {
  const [a, b] = [crossing(), crossing()];
  expect(sameVocabulary(a, b)).toBe(true);
  b.decode!.steps[0].candidates = [{ ...candidate("a".charCodeAt(0), "z", 0.5) }];
  expect(sameVocabulary(a, b)).toBe(false);
});

test("tokens are taken together by word, special ones stand alone", () => {
  const at = (text: string, word: number | null, special = false) => ({ ...token(text, 0), word, special });
  expect(words({ size: 5, tokens: [at("<s>", null, true), at("did", 0), at("n't", 0), at("go", 1), at("</s>", null, true)] })).toEqual([
    { label: "<s>", word: null, tokens: [0] },
    { label: "didn't", word: 0, tokens: [1, 2] },
    { label: "go", word: 1, tokens: [3] },
    { label: "</s>", word: null, tokens: [4] },
  ]);
});

test("probes are grouped by sentence; entropy is the mean over the steps", () => {
  const other = crossing();
  other.axes.source.text = "another";
  const graphs = [crossing(), other, crossing()].map((one, i) => new Graph(one, `step ${i}`));
  expect([...probes(graphs)].map(([text, list]) => [text, list.map(({ index }) => index)])).toEqual([["x y z", [0, 2]], ["another", [1]]]);
  expect(meanEntropy(crossing(["a", "b", "c"]))).toBe(1);
});

test("the chance of a token counts only where the same was written before", () => {
  const final = crossing(["a", "b"]);
  const early = crossing(["a", "c"]);
  early.decode = decode(["a", "c"], [candidate("b".charCodeAt(0), "b", 0.125)]);
  expect(chance(early, final, 0)).toBe(0.5);
  expect(chance(early, final, 1)).toBe(0.125);
  expect(chance(crossing(["a", "c"]), final, 1)).toBe("unlisted");
  expect(chance(crossing(["c", "b"]), final, 1)).toBe("elsewhere");
  expect(chance(crossing(["a"]), final, 1)).toBe("elsewhere");
});
