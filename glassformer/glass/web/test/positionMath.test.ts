import { describe, expect, it, test } from "vitest";
import { byOffset, pairOf, products, speedOf, turnedScore } from "../src/views/positionMath";
import { wordFrom } from "../src/views/wordFrom";
import { turn } from "../src/ops/angles";
import { token } from "./sample";

const WIDTH = 8;
const ROWS = 7;
/** The paper's table, written out from its formula. */
function table(layout: "interleaved" | "halves"): number[] {
  const values = new Array<number>(ROWS * WIDTH);
  for (let p = 0; p < ROWS; p++) {
    for (let i = 0; i < WIDTH / 2; i++) {
      const angle = p / Math.pow(10000, (2 * i) / WIDTH);
      values[p * WIDTH + (layout === "halves" ? i : 2 * i)] = Math.sin(angle);
      values[p * WIDTH + (layout === "halves" ? WIDTH / 2 + i : 2 * i + 1)] = Math.cos(angle);
    }
  }
  return values;
}

describe.each(["interleaved", "halves"] as const)("sinusoidal positions, %s", (layout) => {
  const values = table(layout);
  it("a shift by k turns each pair by k times its speed, from every place", () => {
    for (let i = 0; i < WIDTH / 2; i++) {
      const { sine, cosine } = pairOf(layout, WIDTH, i);
      const point = (p: number): [number, number] => [values[p * WIDTH + cosine], values[p * WIDTH + sine]];
      for (let p = 0; p < ROWS; p++) {
        for (let k = 0; p + k < ROWS; k++) {
          const [x, y] = turn(point(p), k * speedOf(10000, WIDTH, i));
          expect(x).toBeCloseTo(point(p + k)[0], 12);
          expect(y).toBeCloseTo(point(p + k)[1], 12);
        }
      }
    }
  });
  it("dot products are Σ cos(k·speed), whatever the place", () => {
    byOffset(products(values, ROWS, WIDTH)).forEach(({ least, most }, k) => {
      const wanted = [1, 0.1, 0.01, 0.001].reduce((sum, speed) => sum + Math.cos(k * speed), 0); // 10000^(−2i/8)
      expect(least).toBeCloseTo(wanted, 12);
      expect(most).toBeCloseTo(wanted, 12);
    });
  });
});

it("products and offsets of a small table", () => {
  const matrix = products([1, 2, 3, 4, 5, 6], 3, 2);
  expect(matrix).toEqual([[5, 11, 17], [11, 25, 39], [17, 39, 61]]);
  expect(byOffset(matrix)).toEqual([{ least: 5, most: 61 }, { least: 11, most: 39 }, { least: 17, most: 17 }]);
});

describe("rotary positions", () => {
  const query = [0.3, -1.2, 2, 0.7];
  const key = [1.1, 0.4, -0.5, 0.9];
  it("at one place the score is the plain dot product", () => {
    const plain = 0.3 * 1.1 - 1.2 * 0.4 - 2 * 0.5 + 0.7 * 0.9;
    for (const p of [0, 3, 50]) expect(turnedScore(query, key, p, p, 10000)).toBeCloseTo(plain, 12);
  });
  it("the score depends on the distance only", () => {
    for (const shift of [1, 5, 30]) expect(turnedScore(query, key, 4 + shift, 1 + shift, 10000)).toBeCloseTo(turnedScore(query, key, 4, 1, 10000), 12);
  });
  it("a quarter turn swaps a pair", () => {
    const [x, y] = turn([1, 0], Math.PI / 2);
    expect(x).toBeCloseTo(0, 15);
    expect(y).toBe(1);
  });
});

test("the view of positions opens where a word begins, no apostrophe", () => {
  const axis = (...pieces: string[]) => ({ size: pieces.length, tokens: pieces.map((piece, i) => ({ ...token(piece, i), piece })) });
  expect(wordFrom(axis("▁Shanti", "'", "s", "▁pigeon", "</s>"), 1)).toBe(3);
  expect(wordFrom(axis("▁we", "▁are", "</s>"), 1)).toBe(1);
  expect(wordFrom(axis("▁we", "</s>"), 1)).toBe(1);
  expect(wordFrom(axis("</s>"), 1)).toBe(0);
  expect(wordFrom({ size: 3 }, 1)).toBe(1);
});
