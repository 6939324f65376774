import { expect, test } from "vitest";
import { typeset, type Part } from "../src/views/tour/typeset";

const plain = (parts: readonly Part[]): string =>
  parts.map(({ kind, text, inner }) => (kind === "text" ? text : `<${kind}>${inner ? plain(inner) : text}</${kind}>`)).join("");

test.each([
  ["x + Sublayer(x)", "<name>x</name> + Sublayer(<name>x</name>)"],
  ["Q Kᵀ / √d_k", "<name>Q</name> <name>K</name><sup>T</sup> / <root><name>d</name><sub>k</sub></root>"],
  ["10000^(2i/d_model)", "10000<sup>2<name>i</name>/<name>d</name><sub>model</sub></sup>"],
  ["√(σ² + ε) · γ", "<root><name>σ</name>² + <name>ε</name></root> · <name>γ</name>"],
  ["W_Q", "<name>W</name><sub>Q</sub>"],
  ["M[i, j] = −∞ for j > i, else 0", "<name>M</name>[<name>i</name>, <name>j</name>] = −∞ for <name>j</name> > <name>i</name>, else 0"],
])("%s", (formula, parts) => expect(plain(typeset(formula))).toBe(parts));

test.each(["√", "^", "_", "a_", "√(", "x^(y", "<b>&", "____"])("nothing is lost of %s", (formula) => {
  const letters = (parts: readonly Part[]): string => parts.map(({ text, inner }) => (inner ? letters(inner) : text)).join("");
  expect(letters(typeset(formula))).toBe(formula);
});
