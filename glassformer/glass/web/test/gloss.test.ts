// What words of the target mean: below words, and beside the rows of a matrix.

import { describe, expect, it } from "vitest";
import { sliceOf } from "../src/components/slice";
import { Graph } from "../src/graph";
import { meaning, shortestMeaning, shortMeaning } from "../src/meaning";
import type { Trace } from "../src/record";
import { attention } from "./sample";

const glossed = { glosses: { थका: "tired (m.); weary", उस: "that (before का, को, ...)" } } as unknown as Trace;

describe("meanings", () => {
  it("are those of the word without its punctuation; the first is for below a word", () => {
    expect([meaning(glossed, "थका।"), shortMeaning(glossed, "थका"), shortMeaning(glossed, "वह")]).toEqual(["tired (m.); weary", "tired (m.)", null]);
  });

  it("beside a row are without a long aside, but with gender", () => {
    expect([shortestMeaning(glossed, "उस"), shortestMeaning(glossed, "थका")]).toEqual(["that", "tired (m.)"]);
  });

  it("are never what an object has by birth", () => {
    expect(meaning(glossed, "toString")).toBeNull();
  });
});

describe("a matrix", () => {
  it("has them in its labels: of a key that is read, and of a query the word that it writes", () => {
    const record = { ...attention(), glosses: { b: "the second" } };
    expect(sliceOf(new Graph(record, ""), "weights", 0)!.columnLabels).toEqual(["a", "b · the second"]);
    const said = { id: 1, piece: "b", text: "b", logit: 0, log_prob: 0, probability: 1, rank: 0 };
    const step = { step: 0, read: { id: 0, piece: "a", text: "a" }, chosen: said, candidates: [said], entropy: 0, logsumexp: 0 };
    const decoded = { ...record, decode: { strategy: "greedy" as const, options: {}, text: "b", log_prob: 0, score: 0, finished: true, steps: [step] } };
    expect(sliceOf(new Graph(decoded, ""), "weights", 0)!.rowLabels).toEqual(["a → b · the second", "b"]);
  });

  it("stays as it is where the record knows none", () => {
    expect(sliceOf(new Graph(attention(), ""), "weights", 0)!.columnLabels).toEqual(["a", "b"]);
  });
});
