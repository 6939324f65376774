// The page at /: what is typed is translated after a short pause, and shown only while it is the newest.

import { drawConfidence, drawOthers, drawWarnings, drawWord } from "./about.js";
import { directions, Refusal, translate, useKey } from "./client.js";
import { byId, element } from "./dom.js";
import { drawMirror, drawTarget, mark, placeAtCaret, placeOf, press, reachable, unmark, wordAfter, wordAt, wordUnder } from "./panes.js";
import { linesOf, sentencesOf, shown, spokenText } from "./sentences.js";

/** @typedef {import("./client.js").Direction} Direction */
/** @typedef {import("./panes.js").Place} Place */

const PAUSE = 250; // milliseconds without a key after which the text is translated
const SLOW = 300; // milliseconds after which the page shows that it waits
const [FIRST_WAIT, LONGEST_WAIT] = [2, 30]; // seconds until the page asks again, where the server does not say

const source = /** @type {HTMLTextAreaElement} */ (byId("source"));
const pair = /** @type {HTMLSelectElement} */ (byId("pair"));
const [mirror, target] = [byId("mirror"), byId("target")];

/** @type {Direction[]} */
let all = [];
/** @type {import("./sentences.js").Sentence[]} */
let sentences = [];
/** @type {Place | null} */
let chosen = null;
let request = new AbortController();
let timer = 0;
let wait = FIRST_WAIT;

// ---- asking

/** Translates what is there after a pause; what was asked before is cancelled, and its answer never shown. */
function ask(pause = PAUSE) {
  request.abort();
  clearTimeout(timer);
  request = new AbortController();
  if (!all.length) return; // no model yet: the page asks for text's sake when there is one
  if (!source.value.trim()) return show([]);
  const { signal } = request;
  timer = window.setTimeout(() => void answer(source.value, signal), pause);
}

/** @param {string} text @param {AbortSignal} signal */
async function answer(text, signal) {
  const slow = setTimeout(() => waiting(true), SLOW);
  try {
    const lines = linesOf(text);
    const found = await translate(lines.map((line) => line.text), direction(), signal);
    if (signal.aborted) return;
    wait = FIRST_WAIT;
    show(sentencesOf(text, lines, found));
  } catch (error) {
    if (!signal.aborted) failed(error, () => ask(0));
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) waiting(false);
  }
}

const direction = () => all[pair.selectedIndex];

/** @param {boolean} yes */
function waiting(yes) {
  byId("busy").hidden = !yes;
  target.setAttribute("aria-busy", String(yes));
  if (yes) target.classList.add("outdated"); // until another translation is shown
}

/**
 * Says what went wrong, and asks again where that may help.
 * @param {unknown} error
 * @param {() => void} again
 */
function failed(error, again) {
  if (!(error instanceof Refusal)) throw error;
  const notice = byId("problem");
  target.classList.add("outdated");
  const seconds = error.after ?? wait;
  notice.replaceChildren(element("span", {}, describe(error, seconds)), " ");
  if (error.status === 401 || error.status === 403) notice.append(keyForm(again));
  if (error.passes) {
    const button = element("button", { type: "button" }, "Try now");
    button.addEventListener("click", again);
    notice.append(button);
    timer = window.setTimeout(again, 1000 * seconds);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
  if (error.id) notice.append(element("span", { class: "of" }, `Request ${error.id}`));
  notice.hidden = false;
}

/** @param {Refusal} error @param {number} seconds */
function describe({ status, message }, seconds) {
  const again = `The page asks again in ${seconds} seconds.`;
  if (status === 0) return `The server does not answer. ${again}`;
  if (status === 429) return `The server has much to do, or you have asked much of it. ${again}`;
  if (status === 503) return `The server is busy, starting or about to stop. ${again}`;
  if (status === 504) return `The translation took too long. ${again}`;
  if (status === 401 || status === 403) return "This server wants a key.";
  if (status === 413) return `This text is longer than the server takes. ${message}`;
  return message || `The server answered with an error (${status}).`;
}

/** @param {() => void} again */
function keyForm(again) {
  const field = element("input", { type: "password", "aria-label": "Key", autocomplete: "off", required: true });
  const form = element("form", {}, field, element("button", { type: "submit" }, "Use it"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(field.value.trim());
    byId("problem").hidden = true;
    again();
  });
  return form;
}

// ---- showing

/** @param {typeof sentences} found */
function show(found) {
  sentences = found;
  chosen = null;
  byId("problem").hidden = true;
  waiting(false);
  target.classList.remove("outdated");
  draw();
  byId("status").textContent = found.length ? `Translated: ${spokenText(found)}` : "";
}

function draw() {
  drawTarget(target, sentences);
  drawMirror(mirror, source.value, sentences);
  drawConfidence(sentences);
  drawWarnings(sentences);
  drawChosen();
  byId("copy").hidden = !sentences.length;
  count();
}

function count() {
  const characters = [...source.value].length; // as the server counts them
  byId("clear").hidden = !characters;
  byId("count").textContent = characters ? `${characters.toLocaleString("en")} character${characters > 1 ? "s" : ""}` : "";
}

function drawChosen() {
  const at = chosen?.sentence ?? 0;
  press(target, chosen && wordAt(target, chosen));
  drawWord(sentences, chosen, direction());
  drawOthers(sentences, at, (wording) => {
    sentences[at].shown = wording;
    chosen = null;
    draw();
    byId("status").textContent = `Translated: ${spokenText(sentences)}`;
  });
  byId("about").hidden = ["word", "warnings", "others"].every((id) => byId(id).hidden);
  point(chosen);
}

/** Marks what a word of the translation looked at. @param {Place | null} place */
function point(place) {
  unmark(target);
  const weights = place && shown(sentences[place.sentence])?.attention?.[place.word];
  if (place && weights) mark(mirror, place.sentence, weights);
  else unmark(mirror);
}

/** Marks the words of the translation that looked at a word of the text. @param {Place | null} place */
function pointBack(place) {
  const weights = place && shown(sentences[place.sentence])?.attention?.map((row) => row[place.word]);
  if (!place || !weights) return point(chosen);
  unmark(mirror);
  mark(target, place.sentence, weights);
}

// ---- the reader

/** @param {Event} event @returns {HTMLElement | null} */
const wordOf = ({ target: at }) => (at instanceof HTMLElement ? at.closest(".word") : null);

source.addEventListener("input", () => {
  drawMirror(mirror, source.value, []);
  count();
  ask();
});
source.addEventListener("pointermove", ({ clientX, clientY }) => pointBack(placeOf(wordUnder(mirror, clientX, clientY))));
source.addEventListener("pointerleave", () => point(chosen));
document.addEventListener("selectionchange", () => {
  if (document.activeElement === source) pointBack(placeAtCaret(sentences, source.selectionStart));
});

target.addEventListener("pointerover", (event) => point(placeOf(wordOf(event)) ?? chosen));
target.addEventListener("pointerleave", () => point(chosen));
target.addEventListener("focusin", (event) => point(placeOf(wordOf(event))));
target.addEventListener("click", (event) => {
  const word = wordOf(event);
  if (word) choose(word);
});
target.addEventListener("keydown", (event) => {
  const word = wordOf(event);
  if (!word || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = wordAfter(target, word, event.key);
  if (next) reachable(target, next, true);
  else if (event.key === "Enter" || event.key === " ") choose(word);
  else return;
  event.preventDefault();
});

/** @param {HTMLElement} word */
function choose(word) {
  chosen = placeOf(word);
  reachable(target, word);
  drawChosen();
}

byId("clear").addEventListener("click", () => {
  replace("");
  source.focus();
});
byId("copy").addEventListener("click", async () => {
  const done = await copy(spokenText(sentences));
  byId("copy").textContent = done ? "Copied" : "Select the text to copy it";
  setTimeout(() => (byId("copy").textContent = "Copy"), 2000);
});
pair.addEventListener("change", () => {
  nameSides();
  ask(0);
});
byId("swap").addEventListener("click", () => {
  pair.selectedIndex = all.indexOf(reverse() ?? direction());
  nameSides();
  replace(spokenText(sentences) || source.value);
});

/** @param {string} text */
function replace(text) {
  source.value = text;
  drawMirror(mirror, text, []);
  ask(0);
}

/** @param {string} text */
const copy = (text) =>
  navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  ) ?? false; // a page that was not fetched safely has no clipboard

// ---- languages

const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

/** @param {string} code */
function languageName(code) {
  try {
    return names.of(code) ?? code;
  } catch {
    return code; // no language's code
  }
}

/** @param {Direction} one */
function directionName(one) {
  const { name, source: from, target: to } = one;
  const pairName = from && to ? `${languageName(from)} → ${languageName(to)}` : name;
  const twins = all.filter((other) => other.source === from && other.target === to);
  return twins.length > 1 && pairName !== name ? `${pairName} (${name})` : pairName;
}

const reverse = () => all.find((one) => one.source && one.source === direction().target && one.target === direction().source);

function nameSides() {
  const { source: from, target: to } = direction();
  byId("source-name").textContent = from ? languageName(from) : "Text";
  byId("target-name").textContent = to ? languageName(to) : "Translation";
  if (to) target.lang = to;
  else target.removeAttribute("lang");
  byId("swap").hidden = !reverse();
}

async function begin() {
  try {
    all = await directions();
    wait = FIRST_WAIT;
    byId("problem").hidden = true;
  } catch (error) {
    return failed(error, begin);
  }
  pair.replaceChildren(...all.map((one) => element("option", {}, directionName(one))));
  if (!all.length) return failed(new Refusal(404, "The server has no model."), begin);
  nameSides();
  ask(0); // what the browser kept of an earlier visit
}

draw();
void begin();
