// A place and its address: what is written is read again, and nothing that an address says gets past its bounds.

import { expect, test } from "vitest";
import { hash, read, type Place } from "../src/url";

const START: Place = { view: "map", trace: 0, block: null, tensor: null, cell: null, sentence: null, question: null, edits: [], choices: {} };

const PLACES: Partial<Place>[] = [
  {},
  { view: "logits", trace: 3, choices: { step: "4", temperature: "0.35", keep: "top-p:3:0.9" } },
  { view: "matrix", block: "decoder.1.cross_attention", tensor: "decoder.1.cross_attention.weights", cell: [0, 12, 3] },
  { sentence: 'Is 50 % of #1 & "two" = a+b? हम दोस्त हैं </s> \u200d😀', edits: ["source.ids[3]=17", "W_Q[0-3,2]=-1.5e-7"] },
  { choices: { search: "a b & c=d" } },
  { sentence: "the lion slept", question: { step: null, versus: "the cow & the calf slept" } },
  { question: { step: 7, versus: null } },
];

test.each(PLACES)("%j is read as it was written", (change) => {
  const place = { ...START, ...change };
  expect(read(hash(place, 5), START)).toEqual(place);
});

test("an address is short and can be read", () => {
  expect(hash(START)).toBe("#view=map");
  expect(hash({ ...START, tensor: "Q", cell: [1, 2], edits: ["W_Q[0,1]=2"] })).toBe("#view=map&tensor=Q&cell=1,2&edit=W_Q[0,1]=2");
});

const HOSTILE: [string, Partial<Place>][] = [
  ["#", {}],
  ["#%", {}],
  ["#%E0%A4%A&view=%00", { view: "\0" }], // no such view: the page opens its first
  ["#view=&trace=-1&tensor=&cell=", {}],
  ["#trace=1e9", {}],
  ["#trace=00", {}],
  ["#trace=99999999999999999999", {}],
  ["#cell=0.5,b", {}],
  ["#asked=any", {}],
  ["#asked=-1&versus=a", {}],
  ["#versus=a", {}],
  [`#asked=any&versus=${"x".repeat(1001)}`, {}],
  ["#cell=1,,2", {}],
  [`#cell=${"0,".repeat(5000)}0`, {}],
  [`#cell=${Array(50).fill(1).join(",")}`, {}],
  [`#tensor=${"x".repeat(101)}`, {}],
  [`#sentence=${"x".repeat(1001)}`, {}],
  [`#edit=${"x".repeat(201)}`, {}],
  [`#view=tour&step=${"9".repeat(101)}`, { view: "tour" }],
  ["#__proto__=1&Step=2&step-=3&1=4", {}],
  [`#view=tour&${"a".repeat(30_000)}`, {}],
];

test.each(HOSTILE)("%s", (fragment, found) => {
  expect(read(fragment, START)).toEqual({ ...START, ...found });
  expect(({} as Record<string, unknown>).step).toBeUndefined();
});

test("there are so many choices and edits, and no more", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `edit=a[${i}]=1`).join("&");
  expect(read(`#${many}`, START).edits.length).toBe(200);
  const names = Array.from({ length: 100 }, (_, i) => `c${"abcdefghij"[i % 10]}${"abcdefghij"[Math.floor(i / 10)]}=1`).join("&");
  expect(Object.keys(read(`#${names}`, START).choices).length).toBe(40);
});
