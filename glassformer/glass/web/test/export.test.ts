import { expect, test } from "vitest";
import { fileName } from "../src/export/save";
import { toCsv, toLatex, type Table } from "../src/export/table";

const cell = (value: number, shown: string) => ({ value, shown });
const table: Table = { title: "A weights", head: ["query", "a", "b, c"], rows: [["x", cell(0.5, "0.5000"), cell(1 / 3, "0.3333")], ["=1+1", cell(-Infinity, "−∞"), cell(1e-9, "1.000e−9")]] };

test("CSV has the numbers in full, and no label that a spreadsheet runs", () => {
  expect(toCsv([table])).toBe(`query,a,"b, c"\nx,0.5,${1 / 3}\n'=1+1,-inf,1e-9\n`);
});

test("numbers that are only shown are written as a spreadsheet reads them", () => {
  const shown: Table = { title: "t", head: [], rows: [["−7.127e−4", "2,500", "57.0 %", "−∞", "-x", 'say "a"']] };
  expect(toCsv([shown])).toBe(`-7.127e-4,2500,57.0 %,-inf,'-x,"say ""a"""\n`);
});

test("several tables stand under their titles", () => {
  expect(toCsv([table, { title: "B", head: [], rows: [["1"]] }])).toMatch(/^A weights\nquery.*\n\nB\n1\n$/s);
});

test("LaTeX shows what the page shows, and lets no text be a command", () => {
  const text = toLatex([{ title: "t", head: ["\\input{x}", "a_b"], rows: [["50 % & $", cell(-0.25, "−0.2500")], ["#~^<>", cell(1e-9, "1.000e−9")]] }]);
  expect(text).toContain("\\begin{tabular}{lr}");
  expect(text).toContain("\\textbackslash{}input\\{x\\} & a\\_b");
  expect(text).toContain("50 \\% \\& \\$ & $-0.2500$");
  expect(text).toContain("\\#\\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{} & $1.000 \\cdot 10^{-9}$");
  expect(text).not.toContain("xelatex");
  expect(toLatex([{ title: "t", head: [], rows: [["थका", "9.7e−4 %"]] }])).toMatch(/xelatex[^]*थका & \$9.7 \\cdot 10\^\{-4\}\$\\,\\%/);
});

test("a title cannot break out of its comment", () => {
  expect(toLatex([{ title: "a\n\\input{x}", head: [], rows: [["1"]] }]).split("\n")[0]).toBe("% a \\input{x}");
});

test("a file's name holds nothing of a record", () => {
  expect(fileName("feed_forward", null, "svg")).toBe("glassformer-feed-forward.svg");
  expect(fileName("matrix", 17, "tex")).toBe("glassformer-matrix-tensor-17.tex");
  expect(fileName("../../etc", null, "csv")).toBe("glassformer-view.csv");
});
