import { describe, expect, it } from "vitest";
import type { Axis, Token } from "../src/record";
import { asWritten, hasLongWords, lineOf, runsOf } from "../src/views/sentenceLine";
import { counts, kindOf, spelt } from "../src/views/tokenFacts";

const token = (piece: string, start: number, end: number, word: number | null, special = false): Token => ({
  id: 7, piece, text: special ? piece : piece.replace("▁", "").trim(), start, end, byte_start: start, byte_end: end, word, special, direction: "ltr", script: "Latin",
});
// "didn't 🦒 दोस्त": a word of three tokens, one spelt in bytes, one of Devanagari cut inside; code points, not UTF-16.
const TEXT = "didn't 🦒 दोस्त";
const AXIS: Axis = {
  size: 11,
  text: TEXT,
  tokens: [
    token("▁didn", 0, 4, 0), token("'", 4, 5, 0), token("t", 5, 6, 0), token("▁", 6, 7, 1),
    ...["F0", "9F", "A6", "92"].map((byte) => token(`<0x${byte}>`, 7, 8, 1)),
    token("▁दोस", 8, 12, 2), token("्त", 12, 14, 2), token("</s>", 14, 14, null, true),
  ],
};
const joined = (line: ReturnType<typeof lineOf>) => {
  const { runs, rest } = runsOf(line);
  return runs.map(({ before, shown }) => before + shown).join("") + rest;
};

describe("a sentence's line", () => {
  it("shows the text once, whole, whatever the marks", () => {
    for (const words of [false, true]) expect(joined(lineOf(AXIS, words))).toBe(TEXT);
  });
  it("has a mark for every token, or for every word", () => {
    expect(lineOf(AXIS, false).marks.map(({ cells }) => cells)).toEqual(AXIS.tokens!.map((_, i) => [i]));
    const words = lineOf(AXIS, true).marks;
    expect(words.map(({ text }) => text)).toEqual(["didn't", "🦒", "दोस्त", "</s>"]);
    expect(words.map(({ cells }) => cells)).toEqual([[0, 1, 2], [3, 4, 5, 6, 7], [8, 9], [10]]);
    expect(hasLongWords(AXIS)).toBe(true);
    expect(hasLongWords({ size: 2, tokens: [token("a", 0, 1, 0), token("b", 2, 3, 1)] })).toBe(false);
  });
  it("gives no text to a control token and to a character's later bytes", () => {
    const { runs } = runsOf(lineOf(AXIS, false));
    expect(runs.map(({ shown }) => shown)).toEqual(["didn", "'", "t", "", "🦒", "", "", "", "दोस", "्त", ""]);
  });
  it("numbers an axis without tokens", () => {
    const line = lineOf({ size: 3 }, true);
    expect(runsOf(line).runs.map(({ shown }) => shown)).toEqual(["0", "1", "2"]);
    expect(line.marks.map(({ cells }) => cells)).toEqual([[0], [1], [2]]);
  });
  it("by what is written: each word's row is that of the token read before it", () => {
    const read: Axis = { size: 3, text: "ab c", tokens: [token("<s>", 0, 0, null, true), token("ab", 0, 2, 0), token("▁c", 2, 4, 1)] };
    const line = asWritten(lineOf(read, false), "</s>");
    expect(line.marks.map(({ text, cells }) => [text, cells])).toEqual([["ab", [0]], ["c", [1]], ["</s>", [2]]]);
    expect(joined(line)).toBe("ab c");
  });
});

describe("a token's facts", () => {
  it("tell bytes, beginnings of words and control tokens apart", () => {
    expect(kindOf(AXIS.tokens![4])).toContain("F0");
    expect(kindOf(AXIS.tokens![0])).toContain("Begins a word");
    expect(kindOf(AXIS.tokens![1], AXIS.tokens![0])).toContain("no space");
    expect(kindOf(token("Apple", 0, 5, 1), token("An", 0, 2, 0))).toBe("Begins a word.");
    expect(kindOf(AXIS.tokens![10])).toContain("end of the sentence");
    expect(kindOf(token("<lang>", 0, 0, null, true))).toContain("control token");
  });
  it("name the character that bytes spell", () => {
    expect(spelt(AXIS)).toEqual([{ character: "🦒", bytes: ["F0", "9F", "A6", "92"] }]);
    expect(new TextDecoder().decode(Uint8Array.from([0xf0, 0x9f, 0xa6, 0x92]))).toBe("🦒");
  });
  it("count code points, words, tokens and signs", () => {
    expect(counts(AXIS)).toEqual({ characters: 14, words: 3, tokens: 10, special: 1 });
  });
});
