// How effects are written and coloured: orange speaks for A, blue for B, as everywhere in causes.

import { grouped } from "../../numbers";
import { fill, inkOn, type Scale } from "../../palette";
import type { Cause } from "../../record";
import { most } from "./findings";

const MINUS = "\u2212";

/** An effect with one decimal, or two where it is a share. */
export function written(cause: Cause, value: number): string {
  const text = Math.abs(value).toFixed(cause.contrast.measure === "probability" ? 2 : 1);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** An effect's size: "less than 0.1" where it rounds to nothing. */
export function sizeOf(cause: Cause, value: number): string {
  const text = written(cause, Math.abs(value));
  return Number(text) === 0 ? `less than ${text.replace(/0$/, "1")}` : text;
}

const LARGEST = 15; // e^15 is three million; beyond that a number says no more

/** The odds of the preferred word that a logit difference stands for, its exponential: "500", "1.4", "over 3,269,017". */
export function odds(difference: number): string {
  const value = Math.exp(Math.min(Math.abs(difference), LARGEST));
  return `${Math.abs(difference) > LARGEST ? "over " : ""}${value < 10 ? value.toFixed(1) : grouped(Math.round(value))}`;
}

/** One scale for all maps of a cause, so that their colours compare. */
export function scaleFor(cause: Cause): Scale {
  const size = most(cause) || 1;
  return { kind: "diverging", least: -size, most: size };
}

export const colours = (scale: Scale, value: number, dark: boolean) => ({ background: fill(scale, value, dark), color: inkOn(scale, value, dark) });

export const MEASURES = {
  logit_difference: "logit difference",
  log_probability: "log-probability",
  probability: "probability",
} as const;
