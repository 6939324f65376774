// @vitest-environment happy-dom
// What the page says of a cause, in words: each sentence follows the record's numbers, and turns with them.

import { render, type ComponentChild } from "preact";
import { describe, expect, it } from "vitest";
import { occurrence } from "../src/causes/parts";
import { Graph } from "../src/graph";
import { differsIn } from "../src/meaning";
import type { Cause, EffectMap, Trace } from "../src/record";
import { Verdict } from "../src/views/causes/Answer";
import { odds, sizeOf } from "../src/views/causes/effects";
import { pronounCell, rest } from "../src/views/causes/findings";
import { Proof } from "../src/views/causes/Proof";
import { Question } from "../src/views/causes/Question";
import { kept, matter } from "../src/views/causes/says";
import { titleOfTerm } from "../src/views/causes/Sum";
import { Carried } from "../src/views/tour/HeadsDo";
import { token, trace } from "./sample";

const map = (name: string, columns: EffectMap["columns"], total: (number | null)[][]): EffectMap =>
  ({ name, columns, rows: total.map((_, i) => (i ? `layer ${i - 1}` : "embedding")), tensors: total.map(() => "x"), total, direct: total });

const said = (piece: string, id: number) => ({ id, piece, text: piece.replace("▁", "") });
const WORDS = ["the", "wolf", "saw", "the", "it", "tired"];
const GLOSSES = { thaka: "tired (m.)", thaki: "tired (f.)", thake: "tired (m. pl.)", woh: "he" };

/** Wolf has it at first, tired after layer 0; `pronoun`: the effect of "it" after layer 0. */
function record({ pronoun = 0, deciding = [1, 5], glosses = GLOSSES as Trace["glosses"], clean = 6 } = {}): Trace {
  const cause: Cause = {
    contrast: { step: 1, measure: "logit_difference", a: said("▁thaka", 4), b: said("▁thaki", 5) },
    second: { text: "the cat saw the it tired", translation: "woh thaki", tokens: ["the", "cat", "saw", "the", "it", "tired"].map((word, i) => said(word, word === "cat" ? 9 : i)), places: WORDS.map((_, i) => [i, i]) },
    ablation: "patch", clean, other: -5, deciding, gap: 0, decomposition: [], lens: [], nearest: [], attributions: [],
    maps: [
      map("encoder.stream", "source", [[0, 11, 0, 0, 0, 0], [0, 0.5, -0.25, 0, pronoun, 10]]),
      map("encoder.self_attention", "head", [[1, 9]]), map("decoder.stream", "target", [[0, 0], [0, 11]]), map("decoder.cross_attention", "head", [[1, 2]]),
    ],
  };
  const chosen = (piece: string, id: number) => ({ ...said(piece, id), logit: 0, log_prob: 0, probability: 0.9, rank: 0 });
  const steps = [chosen("▁woh", 3), chosen("▁thaka", 4)].map((one, step) => ({ step, read: one, chosen: one, candidates: [one], entropy: 0, logsumexp: 0 }));
  const tokens = WORDS.map((word, i) => token(word, i));
  return {
    ...trace([]), meta: { ...trace([]).meta, detail: "full" }, cause, glosses,
    axes: { source: { size: WORDS.length, text: WORDS.join(" "), tokens }, target: { size: 2 } },
    decode: { strategy: "greedy", options: {}, text: "woh thaka", log_prob: 0, score: 0, finished: true, steps },
  };
}

/** The text that a component shows. */
function text(component: ComponentChild): string {
  const root = document.createElement("div");
  render(component, root);
  return root.textContent!.replace(/\s+/g, " ");
}

const proof = (own: Trace): string => text(<Proof graph={new Graph(own, "")} onTry={() => undefined} />);

describe("the question", () => {
  const shown = text(<Question graph={new Graph(record(), "")} />);

  it("says whose words the decoder reads in both runs, and that nothing else differs", () => {
    expect(shown).toContain("In both runs the decoder has read the first translation’s words up to here (woh); only the source sentence differs.");
    expect(shown).not.toContain("same words in both");
  });

  it("joins the measures: e to the logit difference is the odds, an effect what the difference loses", () => {
    expect(shown).toContain("e to that power, 403 : 1"); // e^6 = 403.43
    expect(shown).toContain("takes 11.0 away, from 6.0 to −5.0");
    expect([odds(6), odds(-6), odds(Math.log(1.5)), odds(40)]).toEqual(["403", "403", "1.5", "over 3,269,017"]);
  });
});

describe("the answer", () => {
  it("names what decides where the two words' meanings tell it", () => {
    expect(text(<Verdict graph={new Graph(record(), "")} />)).toBe("The word wolf decides. The encoder hands the gender on: when the decoder reads, the gender is found at tired, no longer at wolf.");
    expect(text(<Verdict graph={new Graph(record({ glosses: {} }), "")} />)).toContain("when the decoder reads, what decides is found at tired");
    expect([matter(record()), matter(record({ glosses: {} }))]).toEqual(["the gender", "what decides"]);
  });

  it("says so where the choice is a close one, which a word can decide all the same", () => {
    const verdict = (clean: number) => text(<Verdict graph={new Graph(record({ clean }), "")} />);
    expect(verdict(0.2)).toContain("The choice is a close one, thaka by 1.2 : 1; with that word changed it is thaki by 49,021 : 1."); // e^10.8 = 49,020.8
    expect(verdict(1.0)).toContain("thaka by 2.7 : 1");
    expect(verdict(1.2)).not.toContain("close");
  });

  it("tells gender from number, and neither from other words", () => {
    const own = record();
    expect([differsIn(own, "thaka", "thaki"), differsIn(own, "thaka", "thake"), differsIn(own, "thaki", "thake"), differsIn(own, "thaka", "woh"), differsIn(own, "thaka", "thaka")])
      .toEqual(["gender", "number", null, null, null]);
  });
});

describe("the proof", () => {
  it("has a line for the pronoun, and a sentence that it carries nothing, a part, or what decides", () => {
    const [none, part, all] = [proof(record()), proof(record({ pronoun: 2 })), proof(record({ pronoun: 8, deciding: [1, 5, 4] }))];
    expect(none).toContain("only the numbers of it after layer 0, the encoder’s last, become those that it has in the second sentencethaka 403 : 1Do this");
    expect(none).toContain("One would expect the pronoun it to carry the gender of wolf, for a pronoun stands for another word. In this sentence the pronoun does not: changing it, at whatever depth, the model says thaka 403 : 1.");
    expect(part).toContain("In this sentence the pronoun carries only a part: changing it, at whatever depth, the model says thaka 55 to 403 : 1."); // e^4
    expect(all).toContain("The pronoun it carries the gender: changing it, at whatever depth, the model says thaki 7.4 : 1 to thaka 403 : 1."); // e^-2
  });

  it("has the least and the most of all other words in one line, and says where they turn the word", () => {
    // without wolf, tired and it: effects 0 and -0.25, so 6 to 6.25, odds 403 to 518
    expect(rest(record().cause!, 4)).toEqual([6, 6.25]);
    expect(proof(record())).toContain("any other single word, at any depthstill thaka 403 to 518 : 1");
    expect(proof(record({ clean: -0.1 }))).toContain("any other single word, at any depththaki 1.1 : 1 to thaka 1.2 : 1");
  });

  it("takes of the pronoun the depth that does most, or what the decoder reads where none does anything", () => {
    expect([pronounCell(record())!.row, pronounCell(record({ pronoun: -3 }))!.effect]).toEqual([1, -3]);
    const without = record();
    without.axes.source.tokens![4].text = "dog";
    expect(pronounCell(without)).toBeNull();
    expect(proof(without)).not.toContain("pronoun");
  });
});

describe("over many sentences", () => {
  const share = { mean: 0.98, low: 0.96, high: 0.99, count: 8 };
  const words = { "(the swapped word)": 5, thirsty: 2, scared: 1, tired: 1, wet: 1 };
  const carried = (asked: number | undefined, used: number) => text(<Carried contrast={{ contrast: "an animal for a cat", found: 30, asked, used, heads: [], carriers: { embedding: { words, share } } }} />);

  it.each([
    [8, 8, "8 of these 8 the model then prefers the other form: in every one of them that word decides"],
    [20, 19, "that word decides nearly always"],
    [20, 12, "mostly, but not always"],
    [30, 8, "mostly something else decides"],
    [20, 0, "that word does not decide it"],
    [0, 0, "says nothing of the model"],
    [undefined, 8, "8 of 30 the model"],
  ])("%s asked, %s turned: what that comes to", (asked, used, verdict) => expect(carried(asked, used)).toContain(verdict));

  it("tells how many could turn, and lists the words that occur most, the others counted", () => {
    expect(carried(9, 8)).toContain("Of the translations, 9 have a word that could turn with it.");
    expect(carried(9, 8)).toContain("0.980.96 to 0.99the swapped word 5, thirsty 2, scared 1, others 2");
    expect(carried(9, 8)).toContain("No head alone carries half");
  });
});

describe("small words", () => {
  it("an effect that rounds to nothing is less than the last digit", () => {
    expect([sizeOf(record().cause!, -0.04), sizeOf(record().cause!, -0.06), sizeOf(record().cause!, 11)]).toEqual(["less than 0.1", "0.1", "11.0"]);
  });

  it("equal words of the source are numbered", () => {
    expect([0, 1, 3].map((place) => occurrence(record(), place))).toEqual([1, null, 2]);
  });

  it("words that a change leaves although the second sentence has others", () => {
    expect(kept("a b c d", "a B c d", "a B c D")).toEqual(["d"]);
    expect(kept("a b", "a b c", "x y")).toEqual([]);
  });

  it("a term of the sum says norm once", () => {
    expect(["decoder.1.cross_attention_norm.norm.bias", "decoder.0.feed_forward.outer", "decoder.0.self_attention.heads", "target_embedding.position"].map(titleOfTerm))
      .toEqual(["decoder layer 1, cross-attention norm bias", "decoder layer 0, feed-forward", "decoder layer 0, self-attention", "target embedding position"]);
  });
});
