// A table as text to take along: CSV for spreadsheets, LaTeX for papers. (Python: glass/views/table.py.)

import { exact } from "../ops/python";

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A text, or a number with how it is shown. */
export type Cell = string | { readonly value: number; readonly shown: string };

// ---- CSV

/** One table as its rows; several each under a line with its title, a blank line between them. */
export function toCsv(tables: readonly Table[]): string {
  const one = ({ title, head, rows }: Table) =>
    [...(tables.length > 1 ? [[title]] : []), ...(head.length ? [head] : []), ...rows].map((cells) => cells.map(field).join(",")).join("\n");
  return `${tables.map(one).join("\n\n")}\n`;
}

const NUMBER = /^[−-]?(\d[\d,]*(\.\d+)?(e[−-]?\d+)?|∞)$/;
const SHARE = /^(\d[\d.]*(?:e−?\d+)?) %$/;
const FORMULA = /^[=+\-@\t\r]/; // what a spreadsheet takes for the beginning of a formula

function field(cell: Cell): string {
  if (typeof cell !== "string") return exact(cell.value);
  if (NUMBER.test(cell)) return cell.replaceAll("−", "-").replaceAll(",", "").replace("∞", "inf");
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// ---- LaTeX

/** Each table as a tabular, its numbers as they are shown. */
export function toLatex(tables: readonly Table[]): string {
  const text = tables.map(tabular).join("\n\n");
  const note = /[^\x00-\x7f]/.test(text) ? "% Some of the text is not in Latin letters: compile with xelatex or lualatex and a font that has them.\n" : "";
  return `${note}${text}\n`;
}

function tabular({ title, head, rows }: Table): string {
  const width = Math.max(head.length, ...rows.map(({ length }) => length));
  const isNumber = (column: number) => rows.every((row) => row[column] === undefined || typeof row[column] !== "string" || NUMBER.test(row[column]) || SHARE.test(row[column]));
  const columns = Array.from({ length: width }, (_, i) => (isNumber(i) ? "r" : "l")).join("");
  const line = (cells: readonly Cell[]) => `  ${Array.from({ length: width }, (_, i) => tex(cells[i] ?? "")).join(" & ")} \\\\`;
  return [
    `% ${title.replaceAll(/[\r\n]+/g, " ")}`,
    `\\begin{tabular}{${columns}}`,
    "  \\hline",
    ...(head.length ? [line(head), "  \\hline"] : []),
    ...rows.map(line),
    "  \\hline",
    "\\end{tabular}",
  ].join("\n");
}

const SIGNS: { readonly [sign: string]: string } = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "%": "\\%", _: "\\_",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
  "−": "$-$", "→": "$\\to$", "∞": "$\\infty$", "·": "$\\cdot$", "×": "$\\times$", "√": "$\\surd$", "Σ": "$\\Sigma$",
};

const texNumber = (text: string): string =>
  text.replace(/e(−?\d+)$/, " \\cdot 10^{$1}").replaceAll("−", "-").replace("∞", "\\infty").replaceAll(",", "{,}");

function tex(cell: Cell): string {
  const text = typeof cell === "string" ? cell : cell.shown;
  if (typeof cell !== "string" || NUMBER.test(text)) return `$${texNumber(text)}$`;
  const share = SHARE.exec(text);
  if (share) return `$${texNumber(share[1])}$\\,\\%`;
  return text.replace(/[\u0000-\u001f]/g, " ").replace(/[\\{}$&#%_~^<>−→∞·×√Σ]/g, (sign) => SIGNS[sign]);
}
