// Edits and their undoing, what a change is called, what may be typed, and what a vocabulary search finds.

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { Graph } from "../src/graph";
import { changes, findPieces, headCells, hideWord, moves, neighbours, numberIn, refusal, restore, setCells, silenceHead } from "../src/views/edit/editing";

const record = JSON.parse(readFileSync(new URL("fixtures/post_sinusoidal_relu.json", import.meta.url), "utf8")).record;
const WEIGHT = "encoder.0.feed_forward.inner.weight";
const ATTENTION = "decoder.0.cross_attention";
let graph: Graph;
beforeEach(() => { graph = new Graph(record, ""); });

describe("edits", () => {
  it("add up over several tensors, and each can be undone by itself", () => {
    setCells(graph, WEIGHT, [[3, 7]]);
    setCells(graph, WEIGHT, [[4, 8]]);
    setCells(graph, "source.ids", [[0, 6]]);
    expect(changes(graph).map(({ tensor, kind, place }) => [tensor.name, kind, place])).toEqual([[WEIGHT, "cell", 3], [WEIGHT, "cell", 4], ["source.ids", "cell", 0]]);
    restore(graph, WEIGHT, [3]);
    expect(graph.values(WEIGHT)![3]).toBe(graph.original(WEIGHT)![3]);
    expect(graph.values(WEIGHT)![4]).toBe(8);
    restore(graph, WEIGHT, [4]);
    restore(graph, "source.ids", [0]);
    expect(graph.edits.value.size).toBe(0);
  });

  it("an edit to the number that was there is none", () => {
    setCells(graph, WEIGHT, [[3, graph.original(WEIGHT)![3]]]);
    expect(graph.edits.value.size).toBe(0);
  });

  it("a silent head and a hidden word are one change each, and a head stays silent when a word changes before it", () => {
    silenceHead(graph, ATTENTION, 2);
    setCells(graph, `${ATTENTION}.output.weight`, [[0, 9]]);
    hideWord(graph, 3, "decoder");
    setCells(graph, "source.ids", [[0, 6]]);
    expect(changes(graph).map(({ kind, place }) => [kind, place])).toEqual([["head", 2], ["cell", 0], ["column", 3], ["cell", 0]]);
    const [rows, heads] = [4, graph.values(`${ATTENTION}.weights`)!];
    for (let head = 0; head < 4; head++) for (let row = 0; row < rows; row++) expect(heads[(head * rows + row) * 5 + 3]).toBe(0);
  });

  it("a head is read by its own columns of W_O: four heads of two columns", () => {
    expect(headCells(graph, ATTENTION, 1).slice(0, 4)).toEqual([2, 3, 10, 11]);
    expect(headCells(graph, ATTENTION, 3).length).toBe(16);
  });

  it("a target token moves nothing in the encoder, and no row before it", () => {
    setCells(graph, "target.ids", [[2, 9]]);
    const moved = moves(graph);
    expect(moved.some(({ tensor }) => tensor.name.startsWith("encoder"))).toBe(false);
    const width = graph.tensor("logits").shape[1];
    const [before, after] = [graph.original("logits")!, graph.values("logits")!];
    for (let flat = 0; flat < 2 * width; flat++) expect(after[flat]).toBeCloseTo(before[flat], 5);
    expect(moved.find(({ tensor }) => tensor.name === "logits")!.at).toBeGreaterThanOrEqual(2 * width);
  });
});

describe("what may stand in a cell", () => {
  const asked = (name: string, text: string) => refusal(graph, graph.tensor(name), numberIn(text));

  it("numbers, with a comma or a true minus too", () => {
    expect([numberIn(" −1,5 "), numberIn("2e3"), numberIn(""), numberIn("two")]).toEqual([-1.5, 2000, NaN, NaN]);
    expect(asked(WEIGHT, "-0.25")).toBeNull();
    for (const text of ["", "x", "Infinity", "1e200"]) expect(asked(WEIGHT, text)).not.toBeNull();
  });

  it("ids of the vocabulary, and the four reasons of a mask", () => {
    expect([asked("source.ids", "33"), asked("encoder.mask", "3")]).toEqual([null, null]);
    for (const text of ["34", "-1", "1.5"]) expect(asked("source.ids", text)).toContain("0 to 33");
    expect(asked("encoder.mask", "4")).not.toBeNull();
  });
});

describe("the vocabulary", () => {
  const pieces = ["<pad>", "▁cat", "cat", "▁catch", "▁concat", "▁Cats", "dog"];

  it("is searched for the piece itself, then its beginning, then anywhere", () => {
    expect(findPieces(pieces, "cat", 9).map((id) => pieces[id])).toEqual(["▁cat", "cat", "▁Cats", "▁catch", "▁concat"]);
    expect(findPieces(pieces, "cat", 2).length).toBe(2);
    expect([findPieces(pieces, "  ", 9), findPieces(pieces, "zebra", 9)]).toEqual([[], []]);
  });

  it("neighbours point the same way, however long they are", () => {
    const table = Float32Array.from([1, 0, 5, 0.1, 0, 1, -1, 0]);
    expect(neighbours(table, 2, 0, 3).map(({ id }) => id)).toEqual([1, 2, 3]);
  });
});
