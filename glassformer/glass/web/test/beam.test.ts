import { expect, test } from "vitest";
import type { Beam, BeamNode } from "../src/record";
import { arithmetic, layoutOf, neighbour, pathTo, rivals, winner } from "../src/views/beam/tree";

const node = (id: number, parent: number | null, step: number, log_prob: number, sum: number, state: BeamNode["state"]): BeamNode => {
  const penalty = step ? ((5 + step) / 6) ** 0.6 : 1;
  return { id, parent, step, token: id, piece: `▁${id}`, text: String(id), log_prob, sum, length: step, penalty, score: sum / penalty, state };
};

const beam: Beam = {
  width: 2,
  length_penalty: 0.6,
  nodes: [
    node(0, null, 0, 0, 0, "best"),
    node(1, 0, 1, -0.5, -0.5, "kept"),
    node(2, 0, 1, -0.25, -0.25, "best"),
    node(3, 0, 1, -3, -3, "pruned"),
    node(4, 1, 2, -1, -1.5, "finished"),
    node(5, 2, 2, -0.5, -0.75, "best"),
    node(6, 2, 2, -4, -4.25, "pruned"),
  ],
};

test("a node's path leads from the start token to it", () => {
  expect(pathTo(beam, 5).map(({ id }) => id)).toEqual([2, 5]);
  expect(pathTo(beam, 0)).toEqual([]);
});

test("the arithmetic names every summand and the penalty", () => {
  // (−0.25 − 0.5) / (7/6)^0.6: 0.75 / 1.09690 = 0.68375
  expect(arithmetic(beam, 5)).toBe("(−0.2500 − 0.5000) / ((5 + 2) / 6)^0.6 = −0.7500 / 1.0969 = −0.6837");
});

test("a long path is cut in its middle only", () => {
  const nodes = [node(0, null, 0, 0, 0, "best")];
  for (let i = 1; i <= 20; i++) nodes.push(node(i, i - 1, i, -i, (-i * (i + 1)) / 2, "best"));
  const text = arithmetic({ ...beam, nodes }, 20);
  expect(text).toContain("(−1 − 2 − 3 − 4 − 5 − 6 … − 15 − 16 − 17 − 18 − 19 − 20) / ((5 + 20) / 6)^0.6 = −210 / ");
});

test("every node and link is placed, time from left to right, no two nodes on each other", () => {
  const { spots, links, width, height } = layoutOf(beam, true);
  expect(spots).toHaveLength(7);
  expect(links).toHaveLength(6);
  const x = (id: number) => spots.find((spot) => spot.node.id === id)!.x;
  for (const { node: one } of spots) if (one.parent !== null) expect(x(one.id)).toBeGreaterThan(x(one.parent));
  expect(new Set(spots.map((spot) => `${spot.x} ${spot.y}`)).size).toBe(7);
  for (const spot of spots) {
    expect(spot.y).toBeGreaterThanOrEqual(0);
    expect(spot.x).toBeLessThan(width);
    expect(spot.y).toBeLessThan(height);
  }
});

test("pruned nodes can be left out", () => {
  expect(layoutOf(beam, false).spots.map(({ node: { id } }) => id).sort()).toEqual([0, 1, 2, 4, 5]);
});

test("arrows lead to the parent, the best child and the neighbours of the step", () => {
  const layout = layoutOf(beam, true);
  expect(neighbour(layout, 5, "ArrowLeft")).toBe(2);
  expect(neighbour(layout, 0, "ArrowRight")).toBe(2); // the better score of 1, 2 and 3
  expect(neighbour(layout, 2, "ArrowDown")).toBe(1);
  expect(neighbour(layout, 1, "ArrowUp")).toBe(2);
  expect(neighbour(layout, 0, "ArrowLeft")).toBeNull();
  expect(neighbour(layout, 3, "Home")).toBe(0);
  expect(neighbour(layout, 3, "End")).toBe(5);
  expect(neighbour(layout, 3, "x")).toBeNull();
});

test("the winner is the end of the best path; rivals are of one step, best sum first", () => {
  expect(winner(beam.nodes)).toBe(5);
  expect(rivals(beam, beam.nodes[4]).map(({ id }) => id)).toEqual([5, 4, 6]);
});
