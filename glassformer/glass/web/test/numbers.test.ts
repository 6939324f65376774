import { expect, test } from "vitest";
import { show } from "../src/numbers";
import { number, VECTORS } from "./vectors";

test.each(VECTORS.numbers)("%s is written %s", (value, text) => {
  expect(show(number(value))).toBe(text);
});

test("a number that is not there is a question mark, and zero has no sign", () => {
  expect(show(NaN)).toBe("?");
  expect(show(-0)).toBe("0");
});
