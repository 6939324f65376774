// A formula of the tour, written in plain Unicode, set as one would print it.

import type { ComponentChildren } from "preact";
import { typeset, type Part } from "./typeset";
import "./Formula.css";

/** A formula of one or more lines. */
export const Formula = ({ text }: { text: string }) => (
  <div class="formula-lines">
    {text.split(/,\s{2,}/).map((line, i) => <p key={i}><Maths text={line} /></p>)}
  </div>
);

/** A formula within a line. */
export const Maths = ({ text }: { text: string }) => <span class="maths">{draw(typeset(text))}</span>;

const draw = (parts: readonly Part[]): ComponentChildren =>
  parts.map(({ kind, text, inner }, i) => {
    if (kind === "sub") return <sub key={i}>{text}</sub>;
    if (kind === "sup") return <sup key={i}>{draw(inner!)}</sup>;
    if (kind === "root") return <Root key={i}>{draw(inner!)}</Root>;
    return kind === "name" ? <var key={i}>{text}</var> : text;
  });

/** The sign is drawn, not written: no two fonts agree on where √ ends. */
const Root = ({ children }: { children: ComponentChildren }) => (
  <span class="root">
    <svg viewBox="0 0 10 20" preserveAspectRatio="none" role="img" aria-label="root of"><path d="M0.5,12.5 L3,11 L6,19.5 L10,0.8" /></svg>
    <span>{children}</span>
  </span>
);
