// Reads the tour's plain formulas: "√d_k" is a root over d with subscript k, "x^(a)" a raised a, single letters are italic.

export interface Part {
  readonly kind: "text" | "name" | "sub" | "sup" | "root";
  readonly text?: string;
  readonly inner?: readonly Part[];
}

const NAME = /^[A-Za-zα-ωµθσ]+/;
const TRANSPOSED = "ᵀ";
const SUB = /^_([A-Za-z0-9]+)/;

/** The parts of a formula, in order. What is not understood stays plain text. */
export function typeset(formula: string): Part[] {
  const parts: Part[] = [];
  let rest = formula;
  const take = (length: number, part: Part) => {
    const last = parts[parts.length - 1];
    if (part.kind === "text" && last?.kind === "text") parts[parts.length - 1] = { kind: "text", text: last.text! + part.text };
    else parts.push(part);
    rest = rest.slice(length);
  };
  while (rest) {
    const name = NAME.exec(rest)?.[0];
    const sub = SUB.exec(rest);
    const group = groupAfter(rest);
    if (name) take(name.length, { kind: name.length === 1 ? "name" : "text", text: name });
    else if (sub && parts.length) take(sub[0].length, { kind: "sub", text: sub[1] });
    else if (rest[0] === TRANSPOSED) take(1, { kind: "sup", inner: [{ kind: "text", text: "T" }] }); // fonts draw the sign badly
    else if (group) take(group.length, { kind: group.kind, inner: typeset(group.inside) });
    else take(1, { kind: "text", text: rest[0] });
  }
  return parts;
}

/** What a root or a power at the start of the text is taken of: a group in brackets, or one name with its subscript. */
function groupAfter(text: string): { kind: "root" | "sup"; inside: string; length: number } | null {
  const kind = text[0] === "√" ? "root" : text[0] === "^" ? "sup" : null;
  if (!kind) return null;
  const close = closing(text, 1);
  if (close > 0) return { kind, inside: text.slice(2, close), length: close + 1 };
  const single = /^.([A-Za-z0-9]+(_[A-Za-z0-9]+)?)/.exec(text);
  return single && { kind, inside: single[1], length: single[0].length };
}

/** Where the bracket that opens at `start` closes; 0 if none opens there. */
function closing(text: string, start: number): number {
  if (text[start] !== "(") return 0;
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    depth += text[i] === "(" ? 1 : text[i] === ")" ? -1 : 0;
    if (depth === 0) return i;
  }
  return 0;
}
