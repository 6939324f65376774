// The translation as far as it has been written, and the text that pieces spell.

import type { Trace } from "../../record";
import { byteOf } from "../tokenFacts";

/** What stood there before step `step`, and what the step adds; spans keep words whole in every script. */
export function written({ axes, decode }: Trace, step: number): { readonly before: string; readonly added: string } {
  const text = Array.from(axes.target?.text ?? decode?.text ?? "");
  const tokens = axes.target?.tokens ?? [];
  const end = (i: number) => (i === 0 ? 0 : (tokens[i]?.end ?? text.length));
  const added = text.slice(end(step), end(step + 1)).join("");
  const space = added.length - added.trimStart().length; // a span begins with the space before its word
  return { before: text.slice(0, end(step)).join("") + added.slice(0, space), added: added.slice(space) };
}

const SPACE = "▁"; // SentencePiece's sign for the space before a word

/** The text that pieces spell; bytes are put together again. */
export function spell(pieces: readonly string[]): string {
  const bytes = pieces.flatMap((piece) => {
    const byte = byteOf({ piece });
    return byte ? [parseInt(byte, 16)] : [...new TextEncoder().encode(piece.replaceAll(SPACE, " "))];
  });
  return new TextDecoder().decode(Uint8Array.from(bytes)).trim();
}
