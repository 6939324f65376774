// What each token stands for in a sentence, as a record's axis says it (Python: glass/tokens.py).

import type { Axis, Token } from "../record";
import { META } from "./normalizer";
import type { TextToken } from "./tokenizer";

// What Python takes for white space, which is not all that a regular expression's \s is.
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const START = new RegExp(`^[${SPACE}]+`);
const BETWEEN = new RegExp(`[${SPACE}]+`);

/** A text without the white space around it. */
export const strip = (text: string): string => text.replace(ENDS, "");

/** A piece as people read it: without the sign for a space. */
export const shown = (piece: string): string => strip(piece.replaceAll(META, " ")) || piece;

/** The axis of these tokens, whose spans lie in `text`. */
export function axisOf(text: string, tokens: readonly TextToken[]): Axis {
  const characters = Array.from(text);
  return { size: tokens.length, text, tokens: tokens.map((token) => tokenOf(characters, token)) };
}

function tokenOf(characters: readonly string[], { id, piece, start, end, control }: TextToken): Token {
  const before = (at: number) => characters.slice(0, at).join("");
  const letters = characters.slice(start, end);
  const span = letters.join("");
  // A piece's span may begin with the space before its word.
  const inner = start + (START.exec(span)?.[0].length ?? 0);
  return {
    id,
    piece,
    text: control ? piece : shown(piece),
    start,
    end,
    byte_start: bytes(before(start)),
    byte_end: bytes(before(end)),
    word: control || inner >= characters.length ? null : strip(before(inner + 1)).split(BETWEEN).length - 1,
    special: control,
    direction: letters.some((one) => RIGHT_TO_LEFT.test(one)) ? "rtl" : "ltr",
    script: scriptOf(letters.find((one) => /\p{Alphabetic}/u.test(one) && /\p{L}/u.test(one))),
  };
}

const encoder = new TextEncoder();
const bytes = (text: string): number => encoder.encode(text).length;

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
const SCRIPTS = [
  "Latin", "Devanagari", "Greek", "Cyrillic", "Hebrew", "Arabic", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada",
  "Malayalam", "Sinhala", "Thai", "Lao", "Tibetan", "Myanmar", "Georgian", "Armenian", "Ethiopic", "Khmer", "Hangul", "Hiragana", "Katakana",
] as const;
const PATTERNS = SCRIPTS.map((name) => [name as string, new RegExp(`\\p{Script=${name}}`, "u")] as const).concat([["Cjk", /\p{Script=Han}/u]]);

const scriptOf = (letter: string | undefined): string => (letter && PATTERNS.find(([, pattern]) => pattern.test(letter))?.[0]) || "Common";
