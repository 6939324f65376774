// Reads {record, sentences} as JSON from standard input, translates each sentence as the page does, and writes its axes,
// its decode loop and all its numbers; tests/glass/test_page_typing.py compares them with Python's.

import { readFileSync } from "node:fs";
import { translate } from "../src/engine/translate";
import { Graph } from "../src/graph";

const { record, sentences } = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (const sentence of sentences) {
  try {
    const spoken = (await translate(record, sentence, async () => true))!;
    const graph = new Graph(spoken, "");
    const made = spoken.tensors.filter(({ op }) => op !== "parameter");
    const values = Object.fromEntries(made.map(({ name }) => [name, Array.from(graph.values(name)!, (one) => (Number.isFinite(one) ? one : null))]));
    found.push({ axes: spoken.axes, decode: spoken.decode, title: spoken.meta.title, values });
  } catch (error) {
    found.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(found));
