// The rules of reverse mode against central differences of the operations themselves, and of whole models.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { contrastGradients } from "../src/causes/attribution/gradients";
import { contrastOf } from "../src/causes/sweep";
import { Graph } from "../src/graph";
import { cellValue, isLeaf, OPS, type OpName, type OpNode } from "../src/ops";
import { BACKWARD, onTheWay } from "../src/ops/backward";
import type { Trace } from "../src/record";
import { size } from "../src/shapes";
import { number, VECTORS, type OpVector } from "./vectors";

const STEP = 1e-5;

/** The vector's node, with one cell of an operand moved. */
function nodeOf({ op, attributes, shape, operands }: OpVector, role = "", cell = 0, by = 0): OpNode {
  const moved = Object.entries(operands).map(([name, one]) => {
    const values = Float64Array.from(one.values, number);
    if (name === role) values[cell] += by;
    return [name, { shape: one.shape, values }];
  });
  return { op, attributes, shape, operands: Object.fromEntries(moved) };
}

const weights = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => Math.sin(1 + 2.3 * i));

/** C = Σ down · y, over the cells of y that are finite. */
const total = (node: OpNode, down: Float64Array): number =>
  down.reduce((sum, dy, flat) => (Number.isFinite(cellValue(node, flat)) ? sum + dy * cellValue(node, flat) : sum), 0);

describe.each(VECTORS.ops.filter(({ op }) => onTheWay(op)).map((vector, i) => [`${vector.op} ${i}`, vector] as const))("%s", (_, vector) => {
  const down = weights(size(vector.shape));
  const found = onTheWay(vector.op) ? BACKWARD[vector.op](nodeOf(vector), down, (role) => vector.operands[role] !== undefined && !["ids", "mask"].includes(role)) : {};

  test.each(Object.entries(found))("dC/d%s is what a small change does", (role, gradient) => {
    expect(gradient.length).toBe(vector.operands[role].values.length);
    gradient.forEach((slope, cell) => {
      if (!Number.isFinite(number(vector.operands[role].values[cell]))) return; // hidden before
      if (vector.op === "relu" && Math.abs(number(vector.operands[role].values[cell])) < STEP) return; // has no slope at 0
      const measured = (total(nodeOf(vector, role, cell, STEP), down) - total(nodeOf(vector, role, cell, -STEP), down)) / (2 * STEP);
      expect(Math.abs(slope - measured), `${role}[${cell}]: ${slope}, measured ${measured}`).toBeLessThan(1e-7 * Math.max(1, Math.abs(measured)));
    });
  });
});

test("every operation between what is learnt and the logits has a rule", () => {
  const without = (Object.keys(OPS) as OpName[]).filter((op) => !onTheWay(op) && !isLeaf(op));
  expect(without).toEqual(["positions", "log_softmax"]);
});

const folder = new URL("fixtures/", import.meta.url);
const models = readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) => {
  const { record }: { record: Trace } = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  // Summed in double precision, so that small differences are felt.
  return [file.replace(".json", ""), { ...record, tensors: record.tensors.map((one) => (one.data === null ? { ...one, dtype: "float64" as const } : one)) }] as const;
});

const contrast = { step: 3, measure: "logit_difference" as const, a: { id: 7, piece: "", text: "" }, b: { id: 21, piece: "", text: "" } };

describe.each(models)("%s", (_, record) => {
  const names = ["source", "target"].map((side) => ["scaled", "lookup"].map((part) => `${side}_embedding.${part}`).find((name) => record.tensors.some((one) => one.name === name))!);

  it("has of every parameter the gradient that a small change has", () => {
    const graph = new Graph(record, "");
    const parameters = record.tensors.filter(({ op }) => op === "parameter").map(({ name }) => name);
    contrastGradients(graph, contrast, parameters).forEach((gradient, i) => {
      const here = Float64Array.from(graph.original(parameters[i])!);
      const most = gradient.reduce((best, slope, cell) => (Math.abs(slope) > Math.abs(gradient[best]) ? cell : best), 0);
      for (const cell of [most, (most + 5) % here.length]) {
        const [up, down] = [STEP, -STEP].map((by) => {
          graph.edits.value = new Map([[parameters[i], here.map((value, at) => (at === cell ? value + by : value))]]);
          return contrastOf(graph, contrast);
        });
        const measured = (up - down) / (2 * STEP);
        expect(Math.abs(gradient[cell] - measured), `${parameters[i]}[${cell}]`).toBeLessThan(1e-5 * Math.max(1, Math.abs(measured)));
      }
    });
  });

  it.each(names.map((name, side) => [name, side] as const))("dC/d %s is what a small change does", (name, side) => {
    const graph = new Graph(record, "");
    const gradient = contrastGradients(graph, contrast, names)[side];
    const here = Float64Array.from(graph.original(name)!);
    for (let cell = 0; cell < here.length; cell += 3) {
      const [up, down] = [STEP, -STEP].map((by) => {
        graph.edits.value = new Map([[name, here.map((value, i) => (i === cell ? value + by : value))]]);
        return contrastOf(graph, contrast);
      });
      const measured = (up - down) / (2 * STEP);
      expect(Math.abs(gradient[cell] - measured), `${name}[${cell}]`).toBeLessThan(1e-5 * Math.max(1, Math.abs(measured)));
    }
  });
});
