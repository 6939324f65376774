// A translation as the page shows it: its sentences one after the other, each with its words on both sides.

import { attention, spansNamed, spansOf, wordsOf } from "./words.js";

/** @typedef {import("./client.js").Translation} Translation */
/** @typedef {import("./words.js").Word} Word */
/** @typedef {import("./words.js").Span} Span */

/**
 * One wording of a sentence: its best translation, or an alternative.
 * @typedef {{
 *   translation: Translation, words: Word[], sourceWords: Word[], attention: number[][] | null,
 *   doubted: Span[], sourceDoubted: Span[],
 * }} Wording
 */

/**
 * A sentence, where it begins in the text, what stands between it and the next one's translation, and how else it can be
 * put. One that failed has an `error` and no wordings.
 * @typedef {{ start: number, source: string, gap: string, error: string | null, wordings: Wording[], shown: number }} Sentence
 */

/** @param {Translation} one @returns {Translation[]} */
const leaves = (one) => (one.parts?.length ? one.parts.flatMap(leaves) : [one]);

/** A line of a text, and where it begins. @typedef {{ start: number, text: string }} Line */

/** The lines that say anything: each is translated by itself, as a line break ends a sentence. @param {string} text @returns {Line[]} */
export const linesOf = (text) => Array.from(text.matchAll(/\S.*/g), ({ index, 0: line }) => ({ start: index, text: line }));

/**
 * All sentences of a text, from the translations of its lines; between those of two lines stands what stood between these.
 * @param {string} text
 * @param {readonly Line[]} lines
 * @param {readonly Translation[]} translations
 * @returns {Sentence[]}
 */
export function sentencesOf(text, lines, translations) {
  return lines.flatMap((line, i) => {
    const found = sentencesOfLine(line.text, translations[i]);
    const between = text.slice(line.start + line.text.length, lines[i + 1]?.start ?? 0);
    return found.map((one, at) => ({ ...one, start: line.start + one.start, gap: at + 1 < found.length ? one.gap : between }));
  });
}

/**
 * @param {string} text what was translated
 * @param {Translation} whole
 * @returns {Sentence[]}
 */
function sentencesOfLine(text, whole) {
  const parts = leaves(whole);
  const starts = places(text, parts.map((one) => one.source));
  const spoken = parts.map((one) => one.text ?? "");
  const at = places(whole.text ?? "", spoken);
  return parts.map((one, i) => ({
    start: starts[i],
    source: one.source,
    gap: i + 1 < parts.length ? whole.text.slice(at[i] + spoken[i].length, at[i + 1]) : "",
    error: one.error ?? null,
    wordings: one.error ? [] : [one, ...(one.alternatives ?? [])].map((each) => wording(one.source, each)),
    shown: 0,
  }));
}

/**
 * Where each of some texts, which follow one another, begins in the whole.
 * @param {string} whole
 * @param {readonly string[]} texts
 */
function places(whole, texts) {
  let end = 0;
  return texts.map((text) => {
    const start = Math.max(whole.indexOf(text, end), end);
    end = start + text.length;
    return start;
  });
}

/**
 * @param {string} source
 * @param {Translation} translation
 * @returns {Wording}
 */
function wording(source, translation) {
  const { text, tokens, source_tokens: read, alignment, warnings } = translation;
  const spans = tokens?.length ? spansOf(tokens, text) : null;
  const sourceSpans = read?.length ? spansOf(read, source) : null;
  const [words, sourceWords] = [wordsOf(text, spans), wordsOf(source, sourceSpans)];
  const named = (warnings ?? []).flatMap((one) => one.words ?? []);
  return {
    translation,
    words,
    sourceWords,
    attention: alignment && spans && sourceSpans ? attention(words, sourceWords, alignment) : null,
    doubted: spansNamed(text, named),
    sourceDoubted: spansNamed(source, named),
  };
}

/** @param {Sentence} sentence @returns {Wording | undefined} */
export const shown = ({ wordings, shown: at }) => wordings[at];

/** The translation as it stands, with the wordings that the reader chose. @param {readonly Sentence[]} sentences */
export const spokenText = (sentences) => sentences.map((one) => (shown(one)?.translation.text ?? "") + one.gap).join("");

/**
 * The probability that the model gave to a word, after all before it: the product of its tokens'.
 * @param {Wording} wording
 * @param {Word} word
 */
export function probability({ translation }, { tokens }) {
  const known = tokens.map((token) => translation.token_log_probs?.[token]);
  return known.length && known.every(Number.isFinite) ? Math.exp(known.reduce((sum, one) => sum + one, 0)) : null;
}

/** @param {readonly Span[]} spans @param {Span} word */
export const touches = (spans, word) => spans.some((one) => one.start < word.end && word.start < one.end);

/** A warning in words. @param {import("./client.js").Warning} warning */
export function warningText({ message, words, corrections }) {
  const quoted = (/** @type {string} */ word) => `“\u2068${word}\u2069”`; // isolated: a word may run right to left
  const named = (corrections?.map(({ word, read }) => `${quoted(word)} as ${quoted(read)}`) ?? words.map(quoted)).join(", ");
  return `${message.slice(0, 1).toUpperCase()}${message.slice(1)}${named && ": "}${named}`;
}
