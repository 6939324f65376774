// A tensor as a small picture, one per head: a pixel per cell, the same colours as in its matrix.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Graph } from "../graph";
import { rgb } from "../palette";
import { isDark } from "../store";
import { sliceOf, type Slice } from "./slice";
import "./Thumbnail.css";

interface Props {
  graph: Graph;
  tensor: string;
  most?: number; // heads shown
}

export function Thumbnail({ graph, tensor, most = 8 }: Props) {
  const { shape } = graph.tensor(tensor);
  const heads = shape.length > 2 ? Math.min(shape[0], most) : 1;
  return (
    <span class="thumbnails" aria-hidden="true">
      {Array.from({ length: heads }, (_, head) => <Picture key={head} slice={sliceOf(graph, tensor, head)} />)}
    </span>
  );
}

const MOST_CELLS = 65536; // beyond these a picture shows every n-th column

function Picture({ slice }: { slice: Slice | null }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useLayoutEffect(() => {
    if (slice && canvas.current) draw(canvas.current, slice, dark);
  }, [slice, dark]);
  return slice && <canvas ref={canvas} class={slice.columns > 2 * slice.rows ? "wide" : slice.rows > 2 * slice.columns ? "tall" : ""} />;
}

function draw(canvas: HTMLCanvasElement, slice: Slice, dark: boolean): void {
  const every = Math.ceil((slice.rows * slice.columns) / MOST_CELLS);
  canvas.width = Math.ceil(slice.columns / every);
  canvas.height = slice.rows;
  const context = canvas.getContext("2d");
  if (!context || canvas.width * canvas.height === 0) return;
  const image = context.createImageData(canvas.width, canvas.height);
  for (let row = 0; row < canvas.height; row++) {
    for (let column = 0; column < canvas.width; column++) {
      const value = slice.value(row, column * every);
      const [red, green, blue] = rgb(slice.scale, Number.isFinite(value) ? value : 0, dark);
      image.data.set([red, green, blue, 255], 4 * (row * canvas.width + column));
    }
  }
  context.putImageData(image, 0, 0);
}
