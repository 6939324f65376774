// What is said of a translation, beside it: a chosen word, what to look at again, and how else it could be put.

import { hasKey, whyRequest } from "./client.js";
import { byId, element, percent } from "./dom.js";
import { probability, shown, touches, warningText } from "./sentences.js";
import { spansNamed } from "./words.js";

/** @typedef {import("./sentences.js").Sentence} Sentence */
/** @typedef {import("./client.js").Direction} Direction */
/** @typedef {import("./client.js").Translation} Translation */
/** @typedef {import("./panes.js").Place} Place */

const DOUBTFUL = 0.05; // confidence below which a translation is unsure
const MOST_LOOKS = 4; // source words that are listed
const LEAST_LOOK = 0.03;
const HINT = "Point at a word of either side to see what belongs to it; choose a word of the translation to ask why it is there.";
const KEYS = " On the keyboard: Tab to the translation, arrows from word to word, Enter to choose.";

/** @param {readonly Sentence[]} sentences @param {Place | null} chosen @param {Direction} direction */
export function drawWord(sentences, chosen, direction) {
  const card = byId("word");
  const wording = chosen && shown(sentences[chosen.sentence]);
  card.hidden = !sentences.length;
  if (!wording) return card.replaceChildren(element("h2", {}, "Choose a word"), element("p", { class: "muted" }, HINT, element("span", { class: "keys" }, KEYS)));
  const { source } = sentences[chosen.sentence];
  const word = wording.words[chosen.word];
  const given = probability(wording, word);
  card.replaceChildren(
    element("h2", { class: "chosen" }, element("bdi", {}, word.text)),
    given === null ? "" : element("p", {}, `The model gave it ${percent(given)} in this place.`),
    ...lookedAt(wording, chosen.word),
    ...doubts(wording.translation, word),
    ...why(source, wording, word, direction),
  );
}

/** @param {import("./sentences.js").Wording} wording @param {number} word */
function lookedAt({ attention, sourceWords }, word) {
  if (!attention) return [];
  const best = attention[word].map((weight, i) => ({ weight, text: sourceWords[i].text })).filter(({ weight }) => weight >= LEAST_LOOK);
  best.sort((one, other) => other.weight - one.weight);
  if (!best.length) return [];
  const table = element("div", { class: "looks" });
  for (const { weight, text } of best.slice(0, MOST_LOOKS)) {
    table.append(element("bdi", {}, text), bar(weight), element("span", {}, percent(weight)));
  }
  return [element("p", { class: "of" }, "Writing it, it looked at (cross-attention, mean over layers and heads):"), table];
}

/** A share of the whole; its number stands beside it. @param {number} share */
function bar(share, names = "bar") {
  const filled = element("span");
  filled.style.setProperty("--strength", String(share));
  return element("span", { class: names, "aria-hidden": "true" }, filled);
}

/** @param {Translation} translation @param {import("./words.js").Word} word */
const doubts = ({ text, warnings }, word) =>
  (warnings ?? []).filter((one) => touches(spansNamed(text, one.words ?? []), word)).map((one) => element("p", { class: "failed" }, warningText(one)));

/**
 * The way to the glass view. The model is asked about what it read and wrote; where something was put into the text
 * afterwards, as an address that is copied, there is no such way.
 * @param {string} source
 * @param {import("./sentences.js").Wording} wording
 * @param {import("./words.js").Word} word
 * @param {Direction} direction
 */
function why(source, { translation }, word, direction) {
  if (!word.tokens.length) return [];
  if (translation.inserted?.length) return [element("p", { class: "of" }, "Something was copied into this sentence, which the model did not write so.")];
  const { path, fields, fragment } = whyRequest(source, translation.text, word.tokens[0], direction);
  const name = () => ["Why this word?", element("span", { class: "sr" }, " Opens a new tab.")];
  if (!hasKey()) return [element("a", { class: "why", href: `${path}?${fields}${fragment}`, target: "_blank", rel: "noopener" }, ...name())];
  // A key does not belong into an address, which is kept and sent on: then a form asks.
  const inputs = [...fields].map(([field, value]) => element("input", { type: "hidden", name: field, value }));
  const form = { method: "post", action: path + fragment, target: "_blank", rel: "noopener" };
  return [element("form", form, ...inputs, element("button", { type: "submit", class: "why" }, ...name()))];
}

/** @param {readonly Sentence[]} sentences */
export function drawWarnings(sentences) {
  const items = sentences.flatMap((sentence) => {
    const texts = sentence.error ? [`Not translated: ${sentence.error}`] : (shown(sentence)?.translation.warnings ?? []).map(warningText);
    const named = sentences.length > 1 ? element("bdi", { class: "of" }, sentence.source) : null;
    return texts.length ? [element("li", {}, named, ...texts.map((text) => element("p", {}, text)))] : [];
  });
  byId("warnings").hidden = !items.length;
  byId("warnings").querySelector("ul")?.replaceChildren(...items);
}

/**
 * The other wordings of a sentence, a click on which shows them.
 * @param {readonly Sentence[]} sentences
 * @param {number} at
 * @param {(wording: number) => void} choose
 */
export function drawOthers(sentences, at, choose) {
  const sentence = sentences[at];
  const items = (sentence?.wordings ?? []).flatMap(({ translation }, wording) => {
    if (wording === sentence.shown) return [];
    const button = element("button", { type: "button" }, element("bdi", {}, translation.text || "(nothing)"), element("span", { class: "muted", dir: "ltr" }, translation.score.toFixed(2)));
    button.addEventListener("click", () => choose(wording));
    return [element("li", {}, button)];
  });
  byId("others").hidden = !items.length;
  const name = sentences.length > 1 ? ["Other translations of ", element("bdi", {}, `“${sentence?.source ?? ""}”`)] : ["Other translations"];
  byId("others-name").replaceChildren(...name);
  byId("others").querySelector("ul")?.replaceChildren(...items);
}

/** The confidence of what is shown: the lowest of its sentences. @param {readonly Sentence[]} sentences */
export function drawConfidence(sentences) {
  const known = sentences.map((one) => shown(one)?.translation.confidence).filter((one) => typeof one === "number");
  if (!known.length) return byId("confidence").replaceChildren();
  const least = Math.min(...known);
  const said = `Confidence ${Math.round(100 * least)} %${sentences.length > 1 ? ", of the least sure sentence" : ""}`;
  const title = "The share of the good translations of the validation set for which less spoke";
  byId("confidence").replaceChildren(bar(least, least < DOUBTFUL ? "bar low" : "bar"), element("span", { title }, said));
}
