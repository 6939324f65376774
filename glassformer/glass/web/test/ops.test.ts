import { describe, expect, test } from "vitest";
import { cellOperands, cellValue, computable, evaluate, isLeaf, OPS, type OpName, type OpNode } from "../src/ops";
import { erf } from "../src/ops/erf";
import { flatten, unflatten } from "../src/shapes";
import { number, VECTORS, type OpVector } from "./vectors";

function nodeOf(vector: OpVector): OpNode {
  const operands = Object.entries(vector.operands).map(([role, { shape, values }]) => [role, { shape, values: Float64Array.from(values, number) }]);
  return { op: vector.op, attributes: vector.attributes, shape: vector.shape, operands: Object.fromEntries(operands) };
}

const near = (value: number, wanted: number) =>
  expect(Object.is(value, wanted) || Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${value} for ${wanted}`).toBe(true);

describe.each(VECTORS.ops.map((vector, i) => [`${vector.op} ${i}`, vector] as const))("%s", (_, vector) => {
  const node = nodeOf(vector);
  const flat = flatten(vector.shape, vector.index);

  test("the cell has its value", () => near(cellValue(node, flat), number(vector.value)));

  test("the whole tensor has its values", () => {
    const result = evaluate(node, true)!;
    vector.result.forEach((wanted, i) => near(result[i], number(wanted)));
  });

  test("the cell is made of these cells, in this order", () => {
    const cells = cellOperands(node, flat).map(({ role, flat: at }) => [role, unflatten(node.operands[role].shape, at)]);
    expect(cells).toEqual(vector.cells);
  });
});

test("every op that computes has a vector", () => {
  const seen = new Set(VECTORS.ops.map(({ op }) => op));
  const names = Object.keys(OPS) as OpName[];
  expect(names.filter((op) => !seen.has(op))).toEqual(names.filter(isLeaf));
});

test("what is not carried is not computed", () => {
  const node: OpNode = { op: "relu", attributes: {}, shape: [1], operands: { x: { shape: [1], values: null } } };
  expect(computable(node)).toBe(false);
  expect(evaluate(node)).toBeNull();
  expect(cellValue(node, 0)).toBeNaN();
});

test("a row that may see nothing has no weights", () => {
  const hidden = { shape: [1, 3], values: Float32Array.of(-Infinity, -Infinity, -Infinity) };
  expect([...evaluate({ op: "softmax", attributes: {}, shape: [1, 3], operands: { x: hidden } })!]).toEqual([0, 0, 0]);
});

// Abramowitz and Stegun, "Handbook of Mathematical Functions", table 7.1.
test.each([[0, 0], [0.5, 0.5204998778], [1, 0.8427007929], [2, 0.995322265], [2.5, 0.9995930480], [-1, -0.8427007929], [7, 1]])("erf(%d) = %d", (x, wanted) => {
  expect(erf(x)).toBeCloseTo(wanted, 9);
});
