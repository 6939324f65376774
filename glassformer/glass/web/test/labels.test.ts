import { expect, test } from "vitest";
import { treeOf } from "../src/components/tensorTree";
import { explain } from "../src/explain";
import { Graph } from "../src/graph";
import { axisTitle, placeText, symbolsOf } from "../src/labels";
import { toLatex } from "../src/copy";
import type { Tensor, Trace } from "../src/record";
import { stepNames, writtenLine } from "../src/views/sentenceLine";
import { float32, tensor, token, trace } from "./sample";

/** Two steps of a decoder: it reads <s>, writes a; reads a, writes </s>. */
function decoded(tensors: Tensor[]): Trace {
  const candidate = (id: number, text: string) => ({ id, text, piece: text, logit: 0, log_prob: 0, probability: 1, rank: 0 });
  const step = (at: number, read: [number, string], chosen: [number, string]) => ({
    step: at, read: { id: read[0], piece: read[1], text: read[1] }, chosen: candidate(...chosen), candidates: [], entropy: 0, logsumexp: 0,
  });
  const start = { ...token("<s>", 0), id: 2, end: 0, special: true, word: null };
  return {
    ...trace(tensors),
    axes: { target: { size: 2, text: "a", tokens: [start, { ...token("a", 0), id: 7 }] } },
    decode: {
      strategy: "greedy", options: {}, text: "a", log_prob: 0, score: 0, finished: true,
      steps: [step(0, [2, "<s>"], [7, "a"]), step(1, [7, "a"], [3, "</s>"])],
    },
  };
}

test("a row of the decoder is called by what it reads and what it writes, a key by what is read", () => {
  const square = { axes: ["target", "target"], roles: ["query", "key"] };
  const graph = new Graph(decoded([tensor("scores", "parameter", [2, 2], float32(1, 2, 3, 4), square)]), "");
  const scores = graph.tensor("scores");
  expect([0, 1].map((i) => placeText(graph, scores, 0, i))).toEqual(["<s> → a", "a → </s>"]);
  expect([0, 1].map((i) => placeText(graph, scores, 1, i))).toEqual(["<s>", "a"]);
  expect(axisTitle(scores, 0)).toBe("query: target");
  const line = writtenLine(graph.trace, true)!;
  expect(line.marks.map(({ text, cells }) => [text, cells])).toEqual([["a", [0]], ["</s>", [1]]]);
  expect(stepNames(line, "<s>")).toEqual(["<s> → a", "a → </s>"]);
});

test("a record that does not say what is written names its rows by what is read", () => {
  const graph = new Graph(trace([tensor("x", "parameter", [2, 2], float32(1, 2, 3, 4))]), "");
  expect(placeText(graph, graph.tensor("x"), 0, 1)).toBe("b");
  expect(writtenLine(graph.trace, true)).toBeNull();
});

const residual = (layer: number, sublayer: string) => ({ name: `decoder.${layer}.${sublayer}_norm.residual`, label: "R" });

test("letters that occur at two places carry them; others stand alone", () => {
  const y = { name: "decoder.1.feed_forward.outer", label: "Y" };
  expect(symbolsOf([residual(1, "feed_forward"), residual(1, "cross_attention"), y])).toEqual(["R^(dec1.ff)", "R^(dec1.cross)", "Y"]);
  expect(symbolsOf([residual(0, "self_attention"), y])).toEqual(["R", "Y"]);
  const q = { name: "encoder.0.self_attention.query", label: "Q" };
  expect(symbolsOf([q, { ...q, name: "encoder.0.self_attention.query_heads" }])).toEqual(["Q", "Q"]); // one place
});

test("a formula tells a sum from what it was before, and so does its LaTeX", () => {
  const [before, after] = ["decoder.0.cross_attention_norm.residual", "decoder.0.feed_forward_norm.residual"];
  const record = trace([
    tensor(before, "parameter", [1, 2], float32(1, 2), { label: "R" }),
    tensor("decoder.0.feed_forward.outer", "parameter", [1, 2], float32(3, 4), { label: "Y" }),
    tensor(after, "add", [1, 2], float32(4, 6), { label: "R", operands: { a: before, b: "decoder.0.feed_forward.outer" } }),
  ]);
  const it = explain(new Graph(record, ""), after, 1);
  expect(it.symbolic).toBe("R^(dec0.ff)[0,1] = R^(dec0.cross)[0,1] + Y[0,1]");
  expect(toLatex(it)).toContain("R^{\\text{dec0.ff}}[0,1] &= R^{\\text{dec0.cross}}[0,1] + Y[0,1]");
});

test("the list of tensors is in the order in which they are made, whatever their blocks", () => {
  const names = ["encoder.mask", "source.ids", "e.a", "e.b", "encoder.0.x_norm.g", "encoder.0.x_norm.norm", "encoder.0.x.q", "encoder.0.x.k",
    "encoder.0.x_norm.residual", "encoder.1.x.q", "encoder.1.x.k", "decoder.a_mask", "decoder.b_mask", "decoder.0.y.q", "logits"];
  const flat = (branch: ReturnType<typeof treeOf>): string[] => branch.items.flatMap((one) => ("items" in one ? flat(one) : [one.name]));
  const tree = treeOf(names.map((name) => tensor(name, "parameter", [1], null)));
  expect(flat(tree)).toEqual(names);
  expect(tree.items.map(({ name }) => name)).toEqual(["encoder.mask", "source.ids", "e", "encoder", "decoder.a_mask", "decoder.b_mask", "decoder", "logits"]);
});
