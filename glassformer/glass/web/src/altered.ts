// The record's sentences and decode loop as a reader's changes leave them, so that every view follows without knowing.

import { byteOf, pieceLabel, spell } from "./pieces";
import type { Axis, Candidate, Decode, Step, Token, Trace } from "./record";
import { last, type Numbers } from "./shapes";
import { entropy, logSumExp } from "./temperature";

/** The numbers that it is made from: of ids as edited, and all logits; null where they cannot be computed. */
interface Now {
  readonly ids: { readonly source: Numbers | null; readonly target: Numbers | null };
  logits(): Numbers | null;
}

/** The trace with the tokens that ids now name, and what the model now says at each step. The rest is as recorded. */
export function alteredTrace(recorded: Trace, now: Now): Trace {
  const { vocabulary, axes } = recorded;
  if (!vocabulary) return recorded;
  const source = axisNow(axes.source, now.ids.source, vocabulary.source ?? vocabulary.target);
  const target = axisNow(axes.target, now.ids.target, vocabulary.target);
  let decode: Decode | null | undefined;
  return {
    ...recorded,
    axes: { ...axes, ...(source && { source }), ...(target && { target }) },
    get decode() {
      decode ??= recorded.decode && decodeNow(recorded.decode, target, vocabulary.target, now.logits(), target !== axes.target);
      return decode;
    },
  };
}

// ---- sentences

function axisNow(axis: Axis | undefined, ids: Numbers | null, pieces: readonly string[]): Axis | undefined {
  const tokens = axis?.tokens;
  if (!axis || !tokens || !ids || tokens.every(({ id }, i) => id === ids[i])) return axis;
  let text = "";
  let word = -1;
  const now = tokens.map((before, i): Token => {
    const piece = pieces[ids[i]];
    const special = isControl(piece);
    const added = special ? "" : text ? piece.replaceAll("▁", " ") : piece.replaceAll("▁", " ").trimStart();
    if (!special && (word < 0 || added.startsWith(" "))) word += 1;
    const start = text;
    text += added;
    const at = { start: Array.from(start).length, end: Array.from(text).length, byte_start: bytes(start), byte_end: bytes(text) };
    const own = before.id === ids[i] ? before : { ...before, id: ids[i], piece, text: special ? piece : pieceLabel(piece), special, ...writing(piece) };
    return { ...own, ...at, word: special ? null : word };
  });
  return { size: axis.size, text, tokens: now };
}

const isControl = (piece: string): boolean => /^<.+>$/.test(piece) && byteOf({ piece }) === null;
const bytes = (text: string): number => new TextEncoder().encode(text).length;

const SCRIPTS = ["Latin", "Devanagari", "Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Hiragana", "Katakana", "Hangul", "Bengali", "Tamil", "Thai"];

const writing = (piece: string): Pick<Token, "script" | "direction"> => ({
  script: SCRIPTS.find((name) => new RegExp(`\\p{Script=${name}}`, "u").test(piece)) ?? "Common",
  direction: /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(piece) ? "rtl" : "ltr",
});

// ---- the decode loop

const CANDIDATES = 10; // likeliest tokens kept of each step, as in Python's `glass/trace.py`
const NEVER_SAID = ["<pad>", "<unk>", "<s>"];
const END = "</s>";

/** At each step what is read now, and what is likeliest then. A given target stays, unless the decoder `reads` another. */
function decodeNow(recorded: Decode, target: Axis | undefined, pieces: readonly string[], logits: Numbers | null, reads: boolean): Decode {
  if (!logits) return recorded;
  const width = pieces.length;
  const given = recorded.strategy === "forced" && !reads;
  const steps = recorded.steps.map((before): Step => {
    const row = logits.subarray(before.step * width, (before.step + 1) * width);
    const best = likeliest(row, CANDIDATES);
    const total = logSumExp(row);
    const candidate = (id: number): Candidate => said(pieces, id, row, total);
    const candidates = best.map(candidate);
    const chosen = given ? candidate(before.chosen.id) : (candidates.find(({ forbidden }) => !forbidden) ?? candidates[0]);
    const token = target?.tokens?.[before.step];
    return { ...before, read: token ? { id: token.id, piece: token.piece, text: token.text } : before.read, chosen, candidates, entropy: entropy(row), logsumexp: total };
  });
  const end = steps.findIndex((step, i) => step.chosen.piece === END && steps.slice(1, i + 1).every(({ read }, j) => read.id === steps[j].chosen.id));
  const until = end < 0 || given ? steps : steps.slice(0, end + 1);
  const log_prob = until.reduce((sum, { chosen }) => sum + chosen.log_prob, 0);
  return {
    ...recorded, steps: until, log_prob, score: log_prob, finished: last(until)?.chosen.piece === END,
    text: spell(until.map(({ chosen }) => chosen.piece).filter((piece) => !isControl(piece))),
  };
}

/** The ids of the largest numbers, the largest first. */
function likeliest(row: Numbers, most: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < row.length; id++) {
    if (best.length === most && row[id] <= row[best[most - 1]]) continue;
    let place = best.length;
    while (place > 0 && row[id] > row[best[place - 1]]) place--;
    best.splice(place, 0, id);
    if (best.length > most) best.pop();
  }
  return best;
}

function said(pieces: readonly string[], id: number, row: Numbers, total: number): Candidate {
  const [piece, logit] = [pieces[id], row[id]];
  let rank = 0;
  for (const other of row) if (other > logit) rank++;
  const log_prob = logit - total;
  return { id, piece, text: isControl(piece) ? piece : pieceLabel(piece), logit, log_prob, probability: Math.exp(log_prob), rank, forbidden: NEVER_SAID.includes(piece) };
}
