// The two texts, word by word: the translation, and the mirror that lies under the text field and bears its marks.

import { element } from "./dom.js";
import { shown, touches } from "./sentences.js";

/** @typedef {import("./sentences.js").Sentence} Sentence */
/** @typedef {import("./words.js").Word} Word */
/** @typedef {import("./words.js").Span} Span */

/** The n-th word of the m-th sentence. @typedef {{ sentence: number, word: number }} Place */

const FAINT = 0.04; // of attention; less is not marked

/**
 * A text with an element for each of its words, and plain text between them.
 * @param {string} text
 * @param {readonly Word[]} words
 * @param {readonly Span[]} doubted
 * @param {(word: number) => Record<string, string>} attributes
 */
function drawWords(text, words, doubted, attributes) {
  const pieces = /** @type {(Node | string)[]} */ ([]);
  let end = 0;
  words.forEach((word, i) => {
    const names = touches(doubted, word) ? "word doubted" : "word";
    pieces.push(text.slice(end, word.start), element("span", { class: names, ...attributes(i) }, word.text));
    end = word.end;
  });
  return [...pieces, text.slice(end)];
}

/**
 * Shows the translation; each word is a button, and one of them is reached by Tab, the others from it by arrows.
 * @param {HTMLElement} pane
 * @param {readonly Sentence[]} sentences
 */
export function drawTarget(pane, sentences) {
  const parts = sentences.flatMap((sentence, i) => {
    const wording = shown(sentence);
    if (!wording) return [element("span", { class: "failed" }, `[${sentence.error}]`), sentence.gap];
    const button = (/** @type {number} */ word) => ({
      role: "button", tabindex: "-1", "aria-pressed": "false", "data-sentence": String(i), "data-word": String(word),
    });
    return [...drawWords(wording.translation.text, wording.words, wording.doubted, button), sentence.gap];
  });
  pane.replaceChildren(...parts);
  pane.querySelector(".word")?.setAttribute("tabindex", "0");
}

/**
 * Lays the text under the text field, with a word's element wherever its sentence was translated.
 * @param {HTMLElement} mirror
 * @param {string} text
 * @param {readonly Sentence[]} sentences
 */
export function drawMirror(mirror, text, sentences) {
  const parts = /** @type {(Node | string)[]} */ ([]);
  let end = 0;
  sentences.forEach((sentence, i) => {
    const wording = shown(sentence);
    if (!wording || !text.startsWith(sentence.source, sentence.start)) return;
    const name = (/** @type {number} */ word) => ({ "data-sentence": String(i), "data-word": String(word) });
    parts.push(text.slice(end, sentence.start), ...drawWords(sentence.source, wording.sourceWords, wording.sourceDoubted, name));
    end = sentence.start + sentence.source.length;
  });
  mirror.replaceChildren(...parts, `${text.slice(end)}\u200b`); // so that an empty last line has its height
}

/** @param {Element | null} word @returns {Place | null} */
export function placeOf(word) {
  if (!(word instanceof HTMLElement) || !word.dataset.word) return null;
  return { sentence: Number(word.dataset.sentence), word: Number(word.dataset.word) };
}

/** @param {HTMLElement} pane @param {Place} place @returns {HTMLElement | null} */
export const wordAt = (pane, { sentence, word }) => pane.querySelector(`[data-sentence="${sentence}"][data-word="${word}"]`);

/**
 * The word of the mirror under a point of the screen. The text field lies over it, so that no event says which it is.
 * @param {HTMLElement} mirror
 * @param {number} x
 * @param {number} y
 */
export function wordUnder(mirror, x, y) {
  const holds = (/** @type {DOMRect} */ box) => box.left <= x && x < box.right && box.top <= y && y < box.bottom;
  return [...mirror.querySelectorAll(".word")].find((word) => [...word.getClientRects()].some(holds)) ?? null;
}

/**
 * The word of the mirror in which, or at the end of which, the text field has its caret.
 * @param {readonly Sentence[]} sentences
 * @param {number} caret
 * @returns {Place | null}
 */
export function placeAtCaret(sentences, caret) {
  for (const [sentence, one] of sentences.entries()) {
    const word = shown(one)?.sourceWords.findIndex(({ start, end }) => one.start + start <= caret && caret <= one.start + end) ?? -1;
    if (word >= 0) return { sentence, word };
  }
  return null;
}

/**
 * Marks the words of a sentence by what they get of another word's attention; without weights, none.
 * @param {HTMLElement} pane
 * @param {number} sentence
 * @param {readonly number[]} weights
 */
export function mark(pane, sentence, weights) {
  unmark(pane);
  weights.forEach((weight, word) => {
    const found = weight >= FAINT && wordAt(pane, { sentence, word });
    if (!found) return;
    found.classList.add("attended");
    found.style.setProperty("--strength", String(Math.min(weight, 1)));
  });
}

/** @param {HTMLElement} pane */
export function unmark(pane) {
  for (const word of pane.querySelectorAll(".attended")) word.classList.remove("attended");
}

/** Makes one word the one that Tab reaches, and with `focus` goes there. @param {HTMLElement} pane @param {HTMLElement} word */
export function reachable(pane, word, focus = false) {
  for (const one of pane.querySelectorAll('.word[tabindex="0"]')) one.setAttribute("tabindex", "-1");
  word.setAttribute("tabindex", "0");
  if (focus) word.focus();
}

/** @param {HTMLElement} pane @param {HTMLElement | null} word the one that is chosen */
export function press(pane, word) {
  for (const one of pane.querySelectorAll('[aria-pressed="true"]')) one.setAttribute("aria-pressed", "false");
  word?.setAttribute("aria-pressed", "true");
}

/**
 * The word to which a key leads from another; null for any other key. Arrows go as the eye does: in a text from right to
 * left, the left one goes on.
 * @param {HTMLElement} pane
 * @param {HTMLElement} word
 * @param {string} pressed
 */
export function wordAfter(pane, word, pressed) {
  const all = /** @type {HTMLElement[]} */ ([...pane.querySelectorAll(".word")]);
  const at = all.indexOf(word);
  const onwards = isRightToLeft(pane) ? "ArrowLeft" : "ArrowRight";
  const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: -1, Home: -Infinity, End: Infinity, [onwards]: 1 });
  const to = Math.min(Math.max(at + steps[pressed], 0), all.length - 1);
  return pressed in steps ? all[to] : null;
}

/** @param {HTMLElement} pane */
const isRightToLeft = (pane) => getComputedStyle(pane).direction === "rtl";
