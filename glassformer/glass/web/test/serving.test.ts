// The page at / of `glassformer serve`: where tokens stand in a text, which words attend to which, what warnings name.

import { expect, test } from "vitest";
import { linesOf, sentencesOf, spokenText, warningText } from "../../../serving/static/sentences.js";
import { attention, spansNamed, spansOf, wordsOf } from "../../../serving/static/words.js";

const cut = (text: string, tokens: string[]) => spansOf(tokens, text)?.map(({ start, end }) => text.slice(start, end));

test("tokens that spell the text stand where they spell it", () => {
  expect(cut("We are friends", ["▁We", "▁are", "▁friend", "s", "</s>"])).toEqual(["We", " are", " friend", "s", ""]);
  expect(cut("थका हुआ।", ["▁थक", "ा", "▁हुआ", "।", "</s>"])).toEqual(["थक", "ा", " हुआ", "।", ""]);
  expect(cut("猫は好き", ["▁", "猫", "は", "好き", "</s>"])).toEqual(["", "猫", "は", "好き", ""]);
});

test("each of the bytes that spell a character has that character", () => {
  expect(cut("a 😀!", ["▁a", "▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "!", "</s>"])).toEqual(["a", " ", "😀", "😀", "😀", "😀", "!", ""]);
});

test("a target's symbol stands for no text, but what a user typed does", () => {
  expect(cut("Hello", ["<2hi>", "▁Hello", "</s>"])).toEqual(["", "Hello", ""]);
  expect(cut("a <b> c", ["▁a", "▁<", "b", ">", "▁c", "</s>"])).toEqual(["a", " <", "b", ">", " c", ""]);
});

test("a model that knows no capitals is followed character by character, one that rewrites words word by word", () => {
  expect(cut("The ANIMAL didn’t", ["▁the", "▁animal", "▁didn", "'", "t", "</s>"])).toEqual(["The", " ANIMAL", " didn", "’", "t", ""]);
  expect(cut("ﬁne day", ["▁fi", "ne", "▁day", "</s>"])).toEqual(["ﬁne", "ﬁne", "day", ""]);
  expect(spansOf(["▁one", "▁two", "</s>"], "one")).toBeNull();
});

test("words and marks have the tokens that write them", () => {
  const text = "थका हुआ।";
  const words = wordsOf(text, spansOf(["▁थक", "ा", "▁हुआ", "।", "</s>"], text));
  expect(words.map(({ text, tokens }) => [text, tokens])).toEqual([["थका", [0, 1]], ["हुआ", [2]], ["।", [3]]]);
});

test("a word attends as the mean of its tokens, to the sum of another's, and nothing is counted twice", () => {
  const source = wordsOf("ab cd", spansOf(["▁a", "b", "▁cd", "</s>"], "ab cd"));
  const target = wordsOf("xy z", spansOf(["▁x", "y", "▁z", "</s>"], "xy z"));
  const alignment = [[0.5, 0.25, 0.25, 0], [0, 0.25, 0.5, 0.25], [0.125, 0.125, 0.25, 0.5], [0, 0, 0, 1]];
  expect(attention(target, source, alignment)).toEqual([[0.5, 0.375], [0.25, 0.25]]);
});

test("a token within two words gives each its half", () => {
  const text = "a-b";
  const source = wordsOf(text, [{ start: 0, end: 3 }, { start: 3, end: 3 }]);
  expect(source.length).toBe(3); // a, -, b
  expect(attention(wordsOf("x", [{ start: 0, end: 1 }]), source, [[0.9, 0.1]])[0].reduce((sum, one) => sum + one)).toBeCloseTo(0.9);
});

test.each([
  ["Zanzibar, zanzibar and Zanzibari", ["zanzibar"], ["Zanzibar", "zanzibar"]],
  ["is is is it", ["is is is"], ["is is is"]],
  ["a.b (x) [y]* $z^", ["a.b", "(x)", "[y]*", "$z^", "missing"], ["a.b", "(x)", "[y]*", "$z^"]],
  ["我喜欢猫", ["猫"], ["猫"]],
  ["थकाथका थका", ["थका"], ["थका"]],
])("in %j the words %j are found as %j", (text, named, found) => {
  expect(spansNamed(text, named).map(({ start, end }) => text.slice(start, end))).toEqual(found);
});

const leaf = (source: string, text: string, more = {}) => ({
  source, text, score: -1, confidence: 0.5, finished: true, tokens: [], token_log_probs: [], source_tokens: [], alignment: null, alternatives: [], parts: [], inserted: [], warnings: [], ...more,
});

test("sentences keep what stands between them, and another wording of one leaves the others", () => {
  const source = "One.  Two, three. One.";
  const two = leaf("Two, three.", "दो, तीन।", { parts: [leaf("Two,", "दो,"), leaf("three.", "तीन।")] });
  const whole = leaf(source, "एक।  दो, तीन। एक।", { parts: [leaf("One.", "एक।", { alternatives: [leaf("One.", "इक।")] }), two, leaf("One.", "एक।")] });
  const sentences = sentencesOf(source, linesOf(source), [whole]);
  expect(sentences.map((one) => [one.start, one.gap])).toEqual([[0, "  "], [6, " "], [11, " "], [18, ""]]);
  expect(spokenText(sentences)).toBe(whole.text);
  sentences[0].shown = 1;
  expect(spokenText(sentences)).toBe("इक।  दो, तीन। एक।");
});

test("a sentence that failed has its error, and no text", () => {
  const [one] = sentencesOf("x", linesOf("x"), [{ source: "x", error: "too long" } as never]);
  expect([one.error, one.wordings, spokenText([one])]).toEqual(["too long", [], ""]);
});

test("a line break ends a sentence, and stays", () => {
  const source = "\n  One\n\n Two. Three\n";
  const lines = linesOf(source);
  expect(lines).toEqual([{ start: 3, text: "One" }, { start: 9, text: "Two. Three" }]);
  const second = leaf("Two. Three", "दो। तीन", { parts: [leaf("Two.", "दो।"), leaf("Three", "तीन")] });
  const sentences = sentencesOf(source, lines, [leaf("One", "एक"), second]);
  expect(sentences.map(({ start, source: one }) => source.slice(start, start + one.length))).toEqual(["One", "Two.", "Three"]);
  expect(spokenText(sentences)).toBe("एक\n\n दो। तीन");
});

test("a warning names its words, and what words of another spelling were read as", () => {
  const plain = (warning: Parameters<typeof warningText>[0]) => warningText(warning).replace(/[\u2068\u2069]/g, "");
  expect(plain({ kind: "lost", message: "words without translation", words: ["a", "b"] })).toBe("Words without translation: “a”, “b”");
  const corrections = [{ word: "teh", read: "the", start: 0, end: 3 }];
  expect(plain({ kind: "spelling", message: "read as others", words: ["teh"], corrections })).toBe("Read as others: “teh” as “the”");
});
