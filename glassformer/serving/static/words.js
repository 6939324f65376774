// Where the model's tokens stand in a text, the words that a reader sees there, and how much the words of a translation
// attend to those of its source.

/**
 * A stretch [start, end) of a text, in UTF-16 units.
 * @typedef {{ start: number, end: number }} Span
 */

/**
 * A word, a number or a mark, and the tokens that write it.
 * @typedef {Span & { text: string, tokens: number[] }} Word
 */

const META = "▁"; // SentencePiece's sign for a space
const CONTROL = /^<(?:pad|s|\/s|2[^<>]+)>$/; // tokens that stand for no text: `</s>`, a target's symbol `<2hi>`
const BYTE = /^<0x([0-9A-F]{2})>$/;
const words = new Intl.Segmenter(undefined, { granularity: "word" });

/**
 * The text that tokens spell, and the span of each in it; a control token has an empty one, and of the bytes that spell
 * one character each has that character's.
 * @param {readonly string[]} tokens
 * @returns {{ spelt: string, spans: Span[] }}
 */
function spell(tokens) {
  let spelt = "";
  /** @type {Span[]} */
  const spans = [];
  for (let at = 0; at < tokens.length; ) {
    const bytes = character(tokens, at);
    const text = bytes.length ? new TextDecoder().decode(new Uint8Array(bytes)) : textOf(tokens[at]);
    const span = { start: spelt.length, end: spelt.length + text.length };
    for (let i = 0; i < Math.max(bytes.length, 1); i++) spans.push(span);
    spelt += text;
    at += Math.max(bytes.length, 1);
  }
  return { spelt, spans };
}

/** @param {string} token */
const textOf = (token) => (CONTROL.test(token) ? "" : token.replaceAll(META, " "));

/**
 * The bytes of the character whose spelling begins at a token; none where that is no byte.
 * @param {readonly string[]} tokens
 * @param {number} at
 */
function character(tokens, at) {
  const byte = (/** @type {number} */ i) => parseInt(BYTE.exec(tokens[i] ?? "")?.[1] ?? "", 16);
  const first = byte(at);
  if (Number.isNaN(first)) return [];
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1; // as UTF-8's first byte says
  const found = [first];
  while (found.length < size && byte(at + found.length) >> 6 === 0b10) found.push(byte(at + found.length));
  return found;
}

/**
 * The span of each token in `text`. Tokens may spell the text with other letters, as a model reads it that knows no
 * capitals: then character by character if the spaces stand at the same places, else word by word. Null where even the
 * words are others.
 * @param {readonly string[]} tokens
 * @param {string} text
 * @returns {Span[] | null}
 */
export function spansOf(tokens, text) {
  const { spelt, spans } = spell(tokens);
  const shift = spelt.startsWith(" ") && !text.startsWith(" ") ? 1 : 0;
  if (shape(spelt.slice(shift)) === shape(text))
    return spans.map(({ start, end }) => ({ start: Math.max(start - shift, 0), end: Math.max(end - shift, 0) }));
  const [given, read] = [wordSpans(text), wordSpans(spelt)];
  if (given.length !== read.length) return null;
  return spans.map((span) => {
    const inside = given.filter((_, i) => overlap(read[i], span));
    return inside.length ? { start: inside[0].start, end: inside[inside.length - 1].end } : { start: 0, end: 0 };
  });
}

/**
 * A text with every letter replaced: what two spellings of it share.
 * @param {string} text
 */
const shape = (text) => text.replace(/[^\s]/g, "x").replace(/\s/g, " ");

/**
 * The stretches between white space.
 * @param {string} text
 * @returns {Span[]}
 */
const wordSpans = (text) => Array.from(text.matchAll(/\S+/g), (found) => ({ start: found.index, end: found.index + found[0].length }));

/**
 * @param {Span} one
 * @param {Span} other
 */
const overlap = (one, other) => one.start < other.end && other.start < one.end;

/**
 * The words and marks of a text in order, each with the tokens that write it; `tokens`: where the text's tokens stand.
 * @param {string} text
 * @param {readonly Span[] | null} tokens
 * @returns {Word[]}
 */
export function wordsOf(text, tokens) {
  const trimmed = (tokens ?? []).map(({ start, end }) => ({ start: start + leadingSpace(text.slice(start, end)), end }));
  const found = [];
  for (const { segment, index } of words.segment(text)) {
    if (!segment.trim()) continue;
    const span = { start: index, end: index + segment.length };
    found.push({ ...span, text: segment, tokens: [...trimmed.keys()].filter((token) => overlap(trimmed[token], span)) });
  }
  return found;
}

/** @param {string} text */
const leadingSpace = (text) => text.length - text.trimStart().length;

/**
 * How much each word of a translation attends to each word of its source, from 0 to 1: the mean over its tokens of what
 * these give to the tokens of the other. A token within several words counts for each by its share.
 * @param {readonly Word[]} target
 * @param {readonly Word[]} source
 * @param {readonly (readonly number[])[]} alignment a row of weights for each target token
 * @returns {number[][]}
 */
export function attention(target, source, alignment) {
  /** @type {Map<number, number>} */
  const shared = new Map(); // in how many words a source token is
  for (const { tokens } of source) for (const token of tokens) shared.set(token, (shared.get(token) ?? 0) + 1);
  const weight = (/** @type {readonly number[]} */ row, /** @type {Word} */ word) =>
    word.tokens.reduce((sum, token) => sum + (row[token] ?? 0) / (shared.get(token) ?? 1), 0);
  return target.map(({ tokens }) => {
    const rows = tokens.map((token) => alignment[token]).filter(Boolean);
    return source.map((word) => rows.reduce((sum, row) => sum + weight(row, word), 0) / Math.max(rows.length, 1));
  });
}

/**
 * The words of a text that a warning names; its words may be several in a row ("is is is"), or in other letter case.
 * @param {string} text
 * @param {readonly string[]} named
 * @returns {Span[]}
 */
export function spansNamed(text, named) {
  return named.flatMap((word) => {
    const [before, behind] = WITHOUT_SPACES.test(word) ? ["", ""] : ["(?<![\\p{L}\\p{N}\\p{M}])", "(?![\\p{L}\\p{N}\\p{M}])"];
    const pattern = new RegExp(before + escaped(word) + behind, "giu");
    return Array.from(text.matchAll(pattern), (found) => ({ start: found.index, end: found.index + found[0].length }));
  });
}

const WITHOUT_SPACES = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** @param {string} text */
const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
