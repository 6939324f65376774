// What the page asks of the server. Every failure is a Refusal, which says what to do about it.

/**
 * A translation as the server gives it. A text of several sentences has them in `parts`; so has an over-long sentence its
 * clauses.
 * @typedef {{
 *   source: string, text: string, error?: string, score: number, confidence: number | null, finished: boolean,
 *   tokens: string[], token_log_probs: number[], source_tokens: string[], alignment: number[][] | null,
 *   alternatives: Translation[], parts: Translation[], inserted: string[],
 *   warnings: Warning[],
 * }} Translation
 */

/** What speaks against a translation, as what is said of it ("has no translation").
 * @typedef {{ kind: string, message: string, words: string[],
 *   corrections?: { word: string, read: string, start: number | null, end: number | null }[] }} Warning */

/** A model, from one language to another; null is one that is not known.
 * @typedef {{ name: string, source: string | null, target: string | null }} Direction */

let key = sessionStorage.getItem("glassformer.key") ?? "";

/** @param {string} given the key for this server, kept until the tab is closed */
export function useKey(given) {
  key = given;
  sessionStorage.setItem("glassformer.key", given);
}

export class Refusal extends Error {
  /**
   * @param {number} status HTTP's, or 0 where there was no answer
   * @param {string} message what the server says
   * @param {number | null} after seconds until it may be asked again
   * @param {string} id the request's
   */
  constructor(status, message, after = null, id = "") {
    super(message);
    this.status = status;
    this.after = after;
    this.id = id;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return [0, 429, 502, 503, 504].includes(this.status);
  }
}

/**
 * @param {string} path
 * @param {object} [body] what is posted
 * @param {AbortSignal} [signal]
 */
async function ask(path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { method: body ? "POST" : "GET", body: body && JSON.stringify(body), headers, signal }).catch((error) => {
    throw signal?.aborted ? error : new Refusal(0, "");
  });
  const answer = await response.json().catch(() => ({})); // a proxy's error page is no JSON
  if (response.ok) return answer;
  const after = parseInt(response.headers.get("Retry-After") ?? "", 10);
  throw new Refusal(response.status, answer.error?.message ?? "", Number.isNaN(after) ? null : after, answer.request_id ?? "");
}

const UNKNOWN = "und"; // ISO 639's code of a language that is not known

/** The directions of all models. @returns {Promise<Direction[]>} */
export async function directions() {
  const { models } = /** @type {{ models: { name: string, pairs: { source: string, target: string }[] }[] }} */ (await ask("v1/models"));
  return models.flatMap(({ name, pairs }) => pairs.map(({ source, target }) => ({ name, source: known(source), target: known(target) })));
}

/** @param {string} language */
const known = (language) => (language === UNKNOWN ? null : language);

/**
 * @param {readonly string[]} texts
 * @param {Direction} direction
 * @param {AbortSignal} signal
 * @returns {Promise<Translation[]>}
 */
export async function translate(texts, { name, ...languages }, signal) {
  const answer = await ask("v1/translate", { text: texts, model: name, ...languages, alternatives: 3, alignment: true }, signal);
  return answer.translations;
}

/** Whether the server was given a key. */
export const hasKey = () => key !== "";

/**
 * What to ask the server for: the live glass view of exactly this translation, and why a step of it writes what it writes.
 * @param {string} text
 * @param {string} translation
 * @param {number} step
 * @param {Direction} direction
 */
export function whyRequest(text, translation, step, { name, source, target }) {
  const fields = new URLSearchParams({ text, target_text: translation, model: name, step: String(step) });
  if (key) fields.set("api_key", key);
  if (source) fields.set("source", source);
  if (target) fields.set("target", target);
  return { path: "v1/explain", fields, fragment: `#view=why&step=${step}` };
}
