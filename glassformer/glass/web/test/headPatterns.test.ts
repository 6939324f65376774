import { describe, expect, it } from "vitest";
import { correlation, describe as describeHead, HABIT } from "../src/views/headPatterns";

const N = 6;
const NAMES = Array.from({ length: N }, (_, i) => ({ text: `w${i}` }));
/** A head of N words in which `aim(row)` gets `most` and the rest is spread over the others that are seen. */
function head(aim: (row: number) => number, most: number, causal = false) {
  const seen = (row: number, column: number) => !causal || column <= row;
  const weights: number[] = [];
  for (let row = 0; row < N; row++) {
    const others = NAMES.filter((_, column) => seen(row, column) && column !== aim(row)).length;
    const has = aim(row) >= 0 && aim(row) < N && seen(row, aim(row));
    for (let column = 0; column < N; column++) {
      if (!seen(row, column)) weights.push(0);
      else if (column === aim(row)) weights.push(others ? most : 1);
      else weights.push((has ? 1 - most : 1) / others);
    }
  }
  const mask = weights.map((_, i) => (seen(Math.floor(i / N), i % N) ? 0 : 2));
  return { weights, rows: N, columns: N, mask, self: true, keys: NAMES, padding: new Set<number>() };
}

describe("a head's habit", () => {
  it.each([
    ["looks at the token before", (row: number) => row - 1],
    ["looks at itself", (row: number) => row],
    ["looks at the token after", (row: number) => row + 1],
    ["looks at w3", () => 3],
  ])("%s", (habit, aim) => {
    expect(describeHead(head(aim, 0.9)).habit).toBe(habit);
    expect(describeHead(head(aim, HABIT + 0.01)).habit).toBe(habit);
    expect(describeHead(head(aim, 0.3)).habit).toBe("spread out");
  });
  it("counts no row that sees one place only", () => {
    const before = head((row) => row - 1, 0.9, true);
    expect(describeHead(before).habit).toBe("looks at the token before");
    expect(describeHead({ ...before, weights: [1], mask: [0], rows: 1, columns: 1 })).toEqual({ habit: "sees one place only", entropy: 0 });
  });
  it("counts no padding", () => {
    const mixed = head((row) => (row < 2 ? row : 5), 1);
    expect(describeHead(mixed).habit).toBe("looks at w5");
    expect(describeHead({ ...mixed, padding: new Set([2, 3, 4, 5]) }).habit).toBe("looks at itself");
  });
  it("in another sentence has no neighbours, but an order", () => {
    const diagonal = { ...head((row) => row, 1), self: false };
    expect(describeHead(diagonal).habit).toBe("in sentence order");
    const shuffled = { ...head((row) => [3, 0, 5, 1, 4, 2][row], 1), self: false };
    expect(describeHead(shuffled).habit).toBe("one word at a time");
    expect(describeHead(shuffled).entropy).toBe(0);
  });
  it("has the mean entropy of its rows", () => {
    const even = { ...head(() => -1, 0), weights: new Array(N * N).fill(1 / N) };
    expect(describeHead(even).habit).toBe("spread out");
    expect(describeHead(even).entropy).toBeCloseTo(Math.log(N), 12);
  });
});

it("correlation is Pearson's", () => {
  expect(correlation([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 12);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(correlation([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 12); // 1 − 6·2/(4·15), ranks
  expect(correlation([1, 2, 3], [5, 5, 5])).toBe(0);
});
