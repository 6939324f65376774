import { expect, test } from "vitest";
import { grouped, show } from "../src/numbers";
import { number, VECTORS } from "./vectors";

test.each(VECTORS.numbers)("%s is written %s", (value, text) => {
  expect(show(number(value))).toBe(text);
});

test("a number that is not there is a question mark, and zero has no sign", () => {
  expect(show(NaN)).toBe("?");
  expect(show(-0)).toBe("0");
});

test.each([[0, "0"], [999, "999"], [1000, "1,000"], [12345, "12,345"], [3269017, "3,269,017"]])("%d has its thousands apart", (count, text) => expect(grouped(count)).toBe(text));
