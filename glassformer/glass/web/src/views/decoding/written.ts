// The translation as far as it has been written.

import type { Trace } from "../../record";

/** What stood there before step `step`, and what the step adds; spans keep words whole in every script. */
export function written({ axes, decode }: Trace, step: number): { readonly before: string; readonly added: string } {
  const text = Array.from(axes.target?.text ?? decode?.text ?? "");
  const tokens = axes.target?.tokens ?? [];
  const end = (i: number) => (i === 0 ? 0 : (tokens[i]?.end ?? text.length));
  const added = text.slice(end(step), end(step + 1)).join("");
  const space = added.length - added.trimStart().length; // a span begins with the space before its word
  return { before: text.slice(0, end(step)).join("") + added.slice(0, space), added: added.slice(space) };
}
