// The questions of the tour: what is called right is what the numbers say.

import { expect, test } from "vitest";
import { Graph } from "../src/graph";
import type { Stop } from "../src/record";
import { questionOf } from "../src/views/tour/questions";
import { attention, float32, tensor, trace } from "./sample";

const stop = (id: string, tensors: string[]): Stop =>
  ({ id, title: id, motivation: "", concept: "", helps: "", takeaway: "", formula: "", tensors, view: "matrix" });

test("the attention's question is answered by the largest weight", () => {
  const graph = new Graph(attention(), "");
  const asked = questionOf(graph, stop("attention", ["weights"]))!; // rows: (1, 0) and (0.00005, 0.99995)
  expect(asked.options).toEqual(["a", "b"]);
  expect(["a", "b"]).toContain(asked.options[asked.right]);
  const row = asked.ask.includes("“a”") ? [1, 0] : [4.5397868e-5, 0.9999546];
  expect(asked.options[asked.right]).toBe(["a", "b"][row.indexOf(Math.max(...row))]);
});

test("as many places may be seen as the mask leaves open", () => {
  const asked = questionOf(new Graph(attention(), ""), stop("decoder", ["masked", "weights"]))!;
  expect(asked.ask).toContain("2 places");
  expect(asked.options[asked.right]).toBe("2"); // the second row sees both
});

test("what a sublayer adds is measured against what was there", () => {
  const sum = (x: number[], f: number[]) => new Graph(trace([
    tensor("x", "parameter", [1, 2], float32(...x)), tensor("f", "parameter", [1, 2], float32(...f)),
    tensor("r", "add", [1, 2], float32(0, 0), { operands: { a: "x", b: "f" } }),
  ]), "");
  const answer = (graph: Graph) => {
    const { options, right } = questionOf(graph, stop("residual", ["r"]))!;
    return options[right];
  };
  expect(answer(sum([3, 4], [1, 0]))).toBe("shorter than half of it");
  expect(answer(sum([3, 4], [4, 0]))).toBe("between half of it and all of it");
  expect(answer(sum([3, 4], [6, 8]))).toBe("longer than it");
});

test("after a layer norm the deviation is 1, of whatever row", () => {
  const graph = new Graph(trace([
    tensor("x", "parameter", [1, 4], float32(1, 2, 3, 10)), tensor("gain", "parameter", [4], float32(1, 1, 1, 1)),
    tensor("n", "layernorm", [1, 4], float32(0, 0, 0, 0), { operands: { x: "x", gain: "gain" }, attributes: { eps: 1e-5 } }),
  ]), "");
  const { options, right, ask } = questionOf(graph, stop("normalization", ["n"]))!;
  expect(options[right]).toBe("1");
  expect(ask).toContain("3.5355"); // √((9 + 4 + 1 + 36) / 4) = √12.5
});

test("active units are counted", () => {
  const graph = new Graph(trace([
    tensor("h", "parameter", [1, 4], float32(-1, 2, -3, 4)), tensor("f", "relu", [1, 4], float32(0, 2, 0, 4), { operands: { x: "h" } }),
  ]), "");
  const { options, right, because } = questionOf(graph, stop("feed_forward", ["f"]))!;
  expect([options[right], because]).toEqual(["2", "2 of 4 are."]);
});

test("a stop of no known name is asked about its matrix", () => {
  const graph = new Graph(trace([tensor("m", "parameter", [2, 2], float32(1, 2, 9, 3))]), "");
  const { ask, options, right } = questionOf(graph, stop("a new stop", ["m"]))!;
  expect([ask, options[right]]).toEqual(["In which row of m does the largest number stand?", "b"]);
});

test("where there is nothing to ask about, nothing is asked", () => {
  expect(questionOf(new Graph(trace([]), ""), stop("scores", []))).toBeNull();
  expect(questionOf(new Graph(trace([tensor("w", "parameter", [2, 2], null)]), ""), stop("residual", ["w"]))).toBeNull();
});

test("the gradient of the loss by the right logit is p − 1, and the least probable place costs most", () => {
  const step = (at: number, read: string, text: string, probability: number) => ({
    step: at, read: { id: at, piece: read, text: read }, entropy: -Math.log(probability), logsumexp: 0, candidates: [],
    chosen: { id: at + 1, piece: text, text, logit: 0, log_prob: Math.log(probability), probability, rank: 0 },
  });
  const record = trace([]);
  record.decode = {
    strategy: "greedy", options: {}, text: "a b", log_prob: 0, score: 0, finished: true, steps: [step(0, "<s>", "a", 0.9), step(1, "a", "b", 0.25), step(2, "b", "</s>", 0.8)],
  };
  const answer = (id: string) => {
    const { options, right } = questionOf(new Graph(record, ""), stop(id, []))!;
    return options[right];
  };
  expect(answer("gradient_step")).toBe("−0.7500");
  expect(answer("loss")).toBe("1: a → b");
  expect(answer("shifted_target")).toBe("b");
});
