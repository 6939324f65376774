// What a view lets one choose, kept in the address: `useLinked` is used as `useState` is, and a link brings it back.
// Choices are shared by name: the step chosen in one view is the step of another. What an address says counts only
// where the view can show it (`Kind.read`); else the choice is at its beginning.

import { computed, type ReadonlySignal } from "@preact/signals";
import { choose, place } from "./store";
import { LONGEST_CHOICE, whole } from "./url";

/** How a choice is written in an address; `read` gives undefined for what is no such choice. */
export interface Kind<T> {
  read(text: string): T | undefined;
  write(value: T): string;
}

/** 0 to `count` - 1: a step, a row, a head. */
export const below = (count: number): Kind<number> => ({
  read: (text) => {
    const value = whole(text);
    return value !== null && value < count ? value : undefined;
  },
  write: String,
});

/** A number within bounds, of at most four decimals. */
export const between = (least: number, most: number): Kind<number> => ({
  read: (text) => {
    const value = /^-?\d{1,9}(\.\d{1,4})?$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  },
  write: (value) => String(Number(value.toFixed(4))),
});

/** One of these words or names. */
export const oneOf = <T extends string>(words: readonly T[]): Kind<T> => ({
  read: (text) => words.find((word) => word === text),
  write: (word) => word,
});

/** Any short text. */
export const TEXT: Kind<string> = { read: (text) => text, write: (text) => text.slice(0, LONGEST_CHOICE) };

export const YES_OR_NO: Kind<boolean> = {
  read: (text) => ({ yes: true, no: false })[text],
  write: (yes) => (yes ? "yes" : "no"),
};

/** Two in one, the first without a colon: "1:3". */
export const pair = <A, B>(first: Kind<A>, second: Kind<B>): Kind<readonly [A, B]> => ({
  read: (text) => {
    const at = text.indexOf(":");
    const [a, b] = [first.read(text.slice(0, Math.max(at, 0))), second.read(text.slice(at + 1))];
    return a === undefined || b === undefined ? undefined : [a, b];
  },
  write: ([one, other]) => `${first.write(one)}:${second.write(other)}`,
});

/** The same, or nothing chosen. */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => ({
  read: (text) => (text === "none" ? null : kind.read(text)),
  write: (value) => (value === null ? "none" : kind.write(value)),
});

const texts = new Map<string, ReadonlySignal<string | undefined>>();

/** A choice's text in the address; a component that reads it is drawn again only when it changes. */
function textOf(name: string): string | undefined {
  if (!texts.has(name)) texts.set(name, computed(() => place.value.choices[name]));
  return texts.get(name)!.value;
}

/** The choice `name`: `beginning` until the reader or a link makes another. */
export function linked<T>(name: string, kind: Kind<T>, beginning: T): T {
  const text = textOf(name);
  const value = text === undefined ? undefined : kind.read(text);
  return value === undefined ? beginning : value;
}

/** Makes a choice. `passing`: on the way to another, as while something plays; Back does not stop there. */
export function setLinked<T>(name: string, kind: Kind<T>, beginning: T, value: T, passing = false): void {
  const text = kind.write(value);
  choose(name, text === kind.write(beginning) ? null : text, passing);
}

/** The choice `name` and how to make it, as `useState` gives them. */
export const useLinked = <T>(name: string, kind: Kind<T>, beginning: T): readonly [T, (value: T, passing?: boolean) => void] => [
  linked(name, kind, beginning),
  (value, passing) => setLinked(name, kind, beginning, value, passing),
];
