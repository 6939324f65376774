// What a reader changed, written into an address and read again.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { readEdits, writeEdits } from "../src/edits";
import { Graph } from "../src/graph";
import type { Trace } from "../src/record";
import { hideWord, setCells, silenceHead } from "../src/views/edit/editing";

const folder = new URL("fixtures/", import.meta.url);
const records = readdirSync(folder).map((file): readonly [string, Trace] => [file, JSON.parse(readFileSync(new URL(file, folder), "utf8")).record]);
const WEIGHT = "encoder.0.feed_forward.outer.weight";
const OUTPUT = "decoder.0.cross_attention.output.weight";

const again = (graph: Graph): Graph => {
  const other = new Graph(graph.trace, "");
  other.edits.value = readEdits(other, writeEdits(graph)!);
  return other;
};

describe.each(records)("%s", (_, record) => {
  const changes: [string, (graph: Graph) => void, number][] = [
    ["a number", (graph) => setCells(graph, WEIGHT, [[13, 0.1]]), 1],
    ["a third", (graph) => setCells(graph, WEIGHT, [[13, 1 / 3], [14, 1e-30], [15, -12345.678]]), 3],
    ["a word", (graph) => setCells(graph, "source.ids", [[1, 11]]), 1],
    ["a silent head", (graph) => silenceHead(graph, "decoder.0.cross_attention", 1), 1],
    ["a hidden word", (graph) => hideWord(graph, 2, "everyone"), 2],
    ["a checkerboard", (graph) => setCells(graph, OUTPUT, Array.from({ length: 32 }, (_, i) => [2 * i, i] as const)), 32],
  ];
  it.each(changes)("%s", (_, change, texts) => {
    const graph = new Graph(record, "");
    change(graph);
    expect(writeEdits(graph)!.length).toBe(texts);
    const other = again(graph);
    for (const [name, values] of graph.edits.value) expect(Array.from(other.values(name)!)).toEqual(Array.from(Float32Array.from(values)));
    expect(writeEdits(other)).toEqual(writeEdits(graph));
    expect(other.values("log_probs")).toEqual(graph.values("log_probs"));
  });
});

const REFUSED = [
  "", "nothing[0]=1", `${WEIGHT}[0]`, `${WEIGHT}[0,0]=`, `${WEIGHT}[0,0]=x`, `${WEIGHT}[0,0]=1e999`, `${WEIGHT}[0,0]=1e31`, `${WEIGHT}[0,99]=1`,
  `${WEIGHT}[8,0]=1`, `${WEIGHT}[3-1,0]=1`, `${WEIGHT}[-1,0]=1`, `${WEIGHT}[0,0-99999999999999999999]=1`, "log_probs[0,0]=1", "source.ids[0]=-1",
  "source.ids[0]=99", "source.ids[0]=1.5", "encoder.mask[0,0]=9", `${WEIGHT}[0,0]=<b>`, "__proto__[0]=1", "constructor[0]=1",
];

test.each(REFUSED)("%s changes nothing", (text) => {
  expect(readEdits(new Graph(records[0][1], ""), [text]).size).toBe(0);
});

test("more edits than a link holds are not written in part", () => {
  const graph = new Graph(records[0][1], "");
  setCells(graph, "source_embedding.token.weight", Array.from({ length: 250 }, (_, i) => [i, i] as const));
  expect(writeEdits(graph)).toBeNull();
});

test("an edit to what was there already is none", () => {
  const graph = new Graph(records[0][1], "");
  expect(readEdits(graph, [`source.ids[0]=${graph.values("source.ids")![0]}`]).size).toBe(0);
});
