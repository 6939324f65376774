import { describe, expect, test } from "vitest";
import { planOf, type Plan, type Shape } from "../src/views/map/plan";

const shapes: Shape[] = [1, 2, 6, 12].flatMap((encoderLayers) =>
  [1, 3].flatMap((decoderLayers) =>
    [true, false].flatMap((preNorm) =>
      ["sinusoidal", "rotary"].map((positions) => ({ encoderLayers, decoderLayers, preNorm, finalNorm: preNorm, embeddingNorm: preNorm, positions })),
    ),
  ),
);
const cases = shapes.flatMap((shape) => [300, 360, 620].map((width) => [JSON.stringify(shape), shape, width] as const));

const inside = ({ width, height }: Plan) => (x: number, y: number) => x >= 0 && y >= 0 && x <= width && y <= height;

describe.each(cases)("%s", (_, shape, available) => {
  const plan = planOf(shape, { encoder: 0, decoder: shape.decoderLayers - 1 }, available);
  const count = (kind: string, start = "") => plan.boxes.filter((box) => box.kind === kind && box.block.startsWith(start)).length;

  test(`boxes stand apart and inside, at ${available} px`, () => {
    for (const [i, a] of plan.boxes.entries()) {
      expect(inside(plan)(a.x, a.y) && inside(plan)(a.x + a.width, a.y + a.height)).toBe(true);
      for (const b of plan.boxes.slice(i + 1)) {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        // The positions' symbol may touch the corner of its own embedding, nothing else.
        expect(apart || a.kind === "positions" || b.kind === "positions", `${a.block} over ${b.block}`).toBe(true);
      }
    }
    for (const { points } of plan.wires) for (const [x, y] of points) expect(inside(plan)(x, y)).toBe(true);
  });

  test("one layer of each stack is open, the others are slabs", () => {
    expect([count("layer", "encoder"), count("layer", "decoder")]).toEqual([shape.encoderLayers - 1, shape.decoderLayers - 1]);
    expect([count("attention", "encoder"), count("attention", "decoder")]).toEqual([1, 2]);
    expect(count("feed_forward")).toBe(2);
  });

  test("every residual line and the encoder's output arrive", () => {
    expect(plan.wires.filter(({ kind }) => kind === "residual")).toHaveLength(5);
    // Into the open layer as keys and as values, into each other decoder layer once.
    expect(plan.wires.filter(({ kind, arrow }) => kind === "memory" && arrow)).toHaveLength(shape.decoderLayers + 1);
  });
});
