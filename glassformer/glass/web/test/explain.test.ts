import { expect, test } from "vitest";
import { execFileSync } from "node:child_process";
import { toCsv, toLatex, toPython } from "../src/copy";
import { explain } from "../src/explain";
import { Graph } from "../src/graph";
import { attention, float32, tensor, trace } from "./sample";

const graph = new Graph(attention(), "");

test("a dot product names its factors and puts the numbers in", () => {
  const it = explain(graph, "scores", 2); // S[1,0] = Q[1,:] · X[0,:] = 3·1 + 7·2
  expect(it.symbolic).toBe("scores[1,0] = Σₖ q[1,k] · x[0,k]");
  expect(it.substituted).toBe("= 3·1 + 7·2 = 17");
  expect(it.terms.map(({ value }) => value)).toEqual([3, 14]);
  expect(it.terms[1].factors.map(({ tensor, index }) => [tensor.name, index])).toEqual([["q", [1, 1]], ["x", [0, 1]]]);
  expect(it.recomputed).toBe(17);
});

test("in a matrix product the second factor runs down its rows", () => {
  expect(explain(graph, "z", 3).symbolic).toBe("z[1,1] = Σₖ weights[1,k] · x[k,1]");
});

test("a softmax shares its row's largest value and sum", () => {
  const it = explain(graph, "weights", 3);
  expect(it.facts.map(([, value]) => value)).toEqual([18.5, 1 + Math.exp(-10)]);
  expect(it.substituted).toBe("= exp(18.5000 − 18.5000) / 1.0000 = 1.0000");
});

test("a masked cell says why", () => {
  expect(explain(graph, "masked", 1).substituted).toBe("= hidden: future = −∞");
  expect(explain(graph, "masked", 0).substituted).toBe("= seen = 3.5000");
});

test("an operand that is not carried is missing, and the stored value still stands", () => {
  const record = attention();
  record.tensors.find(({ name }) => name === "w")!.data = null;
  const it = explain(new Graph(record, ""), "q", 0);
  expect(it.missing).toEqual(["w"]);
  expect(it.value).toBe(1);
  expect(it.recomputed).toBeNaN();
});

test("where only some logits are carried, logsumexp comes from the record", () => {
  const logits = tensor("logits", "input", [1, 4], float32(1, 2), { columns: [0, 2] });
  const probs = tensor("p", "log_softmax", [1, 4], float32(-2, -1), { columns: [0, 2], operands: { x: "logits" }, statistics: { logsumexp: float32(3) } });
  const it = explain(new Graph(trace([logits, probs]), ""), "p", 2);
  expect(it.substituted).toBe("= 2 − 3 = −1");
  expect(it.terms).toHaveLength(2);
  expect(it.leftOut).toBe(2);
  expect(it.missing).toEqual([]);
});

test("CSV lists every operand with its place", () => {
  expect(toCsv(explain(graph, "scores", 2)).split("\n")).toEqual([
    "role,tensor,index,value", "result,scores,1 0,17", "a,q,1 0,3", "b,x,0 0,1", "a,q,1 1,7", "b,x,0 1,2",
  ]);
});

test("LaTeX has no character that pdflatex does not know, and no command of the record's making", () => {
  const text = toLatex(explain(graph, "weights", 2));
  expect(text).toMatch(/^[\x20-\x7e\n]+$/);
  expect(text).toContain("\\exp (8.5000 - 18.5000) / 1.0000");
  const hostile = attention();
  hostile.tensors[4].label = "\\input{/etc/passwd}";
  expect(toLatex(explain(new Graph(hostile, ""), "scores", 2))).not.toContain("\\input");
});

const python = ["python3", "python"].find((name) => {
  try {
    return execFileSync(name, ["--version"]);
  } catch {
    return false;
  }
});

test.skipIf(!python).each([["q", 3], ["scores", 2], ["scaled", 1], ["masked", 1], ["weights", 2], ["z", 2]])("the Python of %s[%d] runs and gives the cell", (name, flat) => {
  const it = explain(graph, name, flat);
  const printed = execFileSync(python!, ["-c", toPython(it)], { encoding: "utf8" }).trim();
  expect(Number(printed.replace("inf", "Infinity"))).toBeCloseTo(it.value, 6);
});
