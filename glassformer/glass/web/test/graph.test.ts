import { expect, test } from "vitest";
import { Graph } from "../src/graph";
import { attention, float32, tensor, trace } from "./sample";

const numbers = (graph: Graph, name: string) => [...graph.values(name)!];

test("what the record leaves out is computed from its operands", () => {
  const graph = new Graph(attention(), "");
  expect(numbers(graph, "scaled")).toEqual([3.5, 7.5, 8.5, 18.5]);
  expect(numbers(graph, "masked")).toEqual([3.5, -Infinity, 8.5, 18.5]);
});

test("an edit changes all that is made from it and nothing else", () => {
  const graph = new Graph(attention(), "");
  graph.edit("w", Float32Array.of(0, 0, 0, 0));
  expect(numbers(graph, "q")).toEqual([0, 0, 0, 0]);
  expect(numbers(graph, "weights")).toEqual([1, 0, 0.5, 0.5]);
  expect(numbers(graph, "z")).toEqual([1, 2, 2, 3]);
  expect(numbers(graph, "x")).toEqual([1, 2, 3, 4]);
  expect(["x", "w", "q", "scores", "z", "mask"].filter((name) => graph.isChanged(name))).toEqual(["w", "q", "scores", "z"]);
  expect(graph.original("q")).toEqual(Float32Array.of(1, 3, 3, 7));
  graph.reset();
  expect(numbers(graph, "q")).toEqual([1, 3, 3, 7]);
});

test("an edited tensor in the middle keeps the edit, whatever is edited above it", () => {
  const graph = new Graph(attention(), "");
  graph.edit("scores", Float32Array.of(0, 0, 0, 0));
  graph.edit("w", Float32Array.of(9, 9, 9, 9));
  expect(numbers(graph, "scores")).toEqual([0, 0, 0, 0]);
  expect(numbers(graph, "weights")).toEqual([1, 0, 0.5, 0.5]);
});

test("weights that are not carried are null, and so is what an edit would need them for", () => {
  const record = attention();
  record.tensors.find(({ name }) => name === "w")!.data = null;
  const graph = new Graph(record, "");
  expect(graph.values("w")).toBeNull();
  expect(numbers(graph, "q")).toEqual([1, 3, 3, 7]);
  expect(graph.editable("x")).toBe(false);
  expect(graph.editable("scores")).toBe(true);
  graph.edit("x", Float32Array.of(0, 0, 0, 0));
  expect(graph.values("q")).toBeNull();
});

test("listed columns stand in their places, the others are not there", () => {
  const logits = tensor("logits", "input", [2, 4], float32(1, 2, 3, 4), { columns: [1, 3] });
  expect(numbers(new Graph(trace([logits]), ""), "logits")).toEqual([NaN, 1, NaN, 2, NaN, 3, NaN, 4]);
});
