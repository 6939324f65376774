// What a token is, in words.

import { byteOf } from "../pieces";
import type { Axis, Token, Trace } from "../record";

const SPECIAL: { readonly [piece: string]: string } = {
  "<s>": "The start: the first thing the decoder reads, before it has written anything.",
  "</s>": "The end of the sentence. When the decoder writes it, the translation is finished.",
  "<pad>": "Padding: fills up the shorter sentences of a batch. Nobody looks at it; it is masked.",
  "<unk>": "The unknown: stands for what the vocabulary cannot spell.",
};

/** The tensor of an axis's ids; null if the record has none. */
export const idsOf = (trace: Trace, axis: string): string | null =>
  trace.tensors.find(({ op, name, axes }) => op === "input" && name.endsWith(".ids") && axes.length === 1 && axes[0] === axis)?.name ?? null;

/** A sentence about a token: what kind of piece it is. `before`: the token to its left, if any. */
export function kindOf(token: Token, before?: Token): string {
  if (token.special) return SPECIAL[token.piece] ?? "A control token: the model's own sign, never part of a user's text.";
  const byte = byteOf(token);
  if (byte) return `One byte, hexadecimal ${byte}, of a character that the vocabulary does not have.`;
  if (token.piece.startsWith("▁")) return "Begins a word: the sign ▁ in the piece stands for the space before it.";
  if (before?.piece === "▁") return "Begins a word: the space before it is a token of its own.";
  return token.word === before?.word ? "Goes on where the token before it stopped: no space between them." : "Begins a word.";
}

/** The characters spelt byte by byte, each with its bytes. */
export function spelt({ text, tokens }: Axis): { character: string; bytes: string[] }[] {
  const characters = Array.from(text ?? "");
  const found = new Map<number, string[]>();
  for (const token of tokens ?? []) {
    const byte = byteOf(token);
    if (byte) found.set(token.start, [...(found.get(token.start) ?? []), byte]);
  }
  return [...found].map(([start, bytes]) => ({ character: characters[start], bytes }));
}

/** "12 tokens and 1 control token from 53 characters", in numbers. */
export const counts = ({ text, tokens = [] }: Axis) => ({
  characters: Array.from(text ?? "").length,
  words: new Set(tokens.map(({ word }) => word).filter((word) => word !== null)).size,
  tokens: tokens.filter(({ special }) => !special).length,
  special: tokens.filter(({ special }) => special).length,
});
