// The vectors, sublayers and units that Residual and Feed-forward show.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Graph } from "../src/graph";
import { sublayers } from "../src/views/sublayers";
import { onCounts, strongest } from "../src/views/units";
import { cosine, deviation, length, mean, rootMeanSquare } from "../src/vectors";

const model = (name: string): Graph => new Graph(JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")).record, "");

describe("vectors", () => {
  it("3 and 4 have the length 5, and (1, 0) and (1, 1) half a right angle between them", () => {
    expect(length([3, 4])).toBe(5);
    expect(cosine([1, 0], [1, 1])).toBeCloseTo(Math.SQRT1_2, 12);
    expect(cosine([1, 2], [-2, 1])).toBe(0);
    expect(cosine([0, 0], [1, 1])).toBe(0);
  });

  it("2, 4, 4, 4, 5, 5, 7, 9 have the mean 5 and the population deviation 2", () => {
    const row = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(row)).toBe(5);
    expect(deviation(row)).toBe(2);
    expect(deviation(row, 5)).toBe(3);
    expect(rootMeanSquare([1, 7])).toBe(5);
  });
});

describe("sublayers", () => {
  it("post-norm: the norm is of the sum", () => {
    const all = sublayers(model("post_sinusoidal_relu"));
    expect(all.map(({ name }) => name)).toEqual(["encoder.0.self_attention", "encoder.0.feed_forward", "decoder.0.self_attention", "decoder.0.cross_attention", "decoder.0.feed_forward"]);
    expect(all[0]).toMatchObject({ title: "encoder 0 · self attention", x: "source_embedding.output", f: "encoder.0.self_attention.output", norm: "encoder.0.self_attention_norm.norm", pre: false });
    expect(all[1].x).toBe(all[0].norm);
  });

  it.each(["pre_rotary_swiglu_rmsnorm_grouped", "pre_learned_gelu"])("%s: the norm is of what comes in", (name) => {
    const all = sublayers(model(name));
    expect(all.length).toBe(5);
    expect(all.every(({ pre, norm }) => pre && norm !== null)).toBe(true);
    expect(all[1].x).toBe(all[0].sum);
  });
});

describe("units", () => {
  it("counts what is above 0, row by row", () => expect(onCounts([1, 0, -2, 3, 4, 0.1], 3)).toEqual([1, 3]));

  it("finds the farthest from 0, and leaves out those that are off", () => {
    expect(strongest([0.5, -3, 0, 2], 2)).toEqual([1, 3]);
    expect(strongest([0, 0, 1], 3)).toEqual([2]);
    expect(strongest([0, 0], 3)).toEqual([0, 1]);
  });
});
