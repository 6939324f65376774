// Whole small models computed in the page from their leaves alone, and after edits, against torch
// (the fixtures are written by tests/glass/make_page_fixture.py).

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Graph } from "../src/graph";
import { decode, type Trace } from "../src/record";
import { decodeAgain, hideWord, likeliest, moves, restore, setCells, silenceHead } from "../src/views/edit/editing";

interface Edit {
  kind: string;
  cells: [name: string, flat: number, value: number][];
  after: Record<string, string>;
  word?: number;
  attention?: string;
  head?: number;
}
interface Fixture {
  record: Trace;
  before: Record<string, string>;
  edits: Edit[];
}

const folder = new URL("fixtures/", import.meta.url);
const models = readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) => {
  const fixture: Fixture = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  return [file.replace(".json", ""), fixture] as const;
});

function expectSame(graph: Graph, expected: Record<string, string>): void {
  for (const [name, text] of Object.entries(expected)) {
    const values = graph.values(name)!;
    decode(text, "float32").forEach((value, flat) => {
      if (Math.abs(values[flat] - value) > 1e-5 * Math.max(1, Math.abs(value))) {
        throw new Error(`${name}[${flat}] is ${values[flat]}, torch says ${value}`);
      }
    });
  }
}

function apply(graph: Graph, { kind, cells, word, attention, head }: Edit): void {
  if (kind === "hidden word") hideWord(graph, word!, "everyone");
  else if (kind === "silent head") silenceHead(graph, attention!, head!);
  else for (const [name, flat, value] of cells) setCells(graph, name, [[flat, value]]);
}

describe.each(models)("%s", (_, { record, before, edits }) => {
  it("is computed from its leaves as torch computes it", () => {
    expect(record.tensors.some(({ op, data }) => op !== "parameter" && op !== "input" && data !== null)).toBe(false);
    expectSame(new Graph(record, ""), before);
  });

  it.each(edits.map((edit) => [edit.kind, edit] as const))("%s: what follows is what torch says", (_, edit) => {
    const graph = new Graph(record, "");
    apply(graph, edit);
    expectSame(graph, edit.after);
    expect(moves(graph).map(({ tensor }) => tensor.name)).toContain("log_probs");
    for (const [name, values] of [...graph.edits.value]) restore(graph, name, values.keys());
    expect(graph.edits.value.size).toBe(0);
    expectSame(graph, before);
  });

  it("decodes again as by hand: each likeliest token is what the decoder reads next", async () => {
    const { ids } = await decodeAgain(new Graph(record, ""), async () => true);
    const graph = new Graph(record, "");
    ids.slice(0, -1).forEach((id, step) => setCells(graph, "target.ids", [[step + 1, id]]));
    expect(ids).toEqual(ids.map((_, step) => likeliest(graph, step)));
  });
});
