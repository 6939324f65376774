// The translation as far as it has been written.

import type { Candidate, Trace } from "../../record";

/** What stood there before step `step`, and what the step adds; spans keep words whole in every script. */
export function written({ axes, decode }: Trace, step: number): { readonly before: string; readonly added: string } {
  const text = Array.from(axes.target?.text ?? decode?.text ?? "");
  const tokens = axes.target?.tokens ?? [];
  const chosen = decode?.steps[step]?.chosen;
  const end = (i: number) => (i === 0 ? 0 : (tokens[i]?.end ?? text.length));
  const added = text.slice(end(step), end(step + 1)).join("");
  const next = tokens[step + 1];
  if (chosen && (next ? next.id !== chosen.id : !added)) return other(text.slice(0, end(step)).join(""), chosen);
  const space = added.length - added.trimStart().length; // a span begins with the space before its word
  return { before: text.slice(0, end(step)).join("") + added.slice(0, space), added: added.slice(space) };
}

/** Where a change makes the step take another token than is read next. */
function other(before: string, { piece, text }: Candidate): { before: string; added: string } {
  return { before: before + (before && piece.startsWith("▁") ? " " : ""), added: /^<.+>$/.test(piece) ? "" : text };
}
