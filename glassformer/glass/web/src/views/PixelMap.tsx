// Many numbers as bare colours, one pixel each, stretched: a row of an embedding, a head among other heads.

import { useLayoutEffect, useRef } from "preact/hooks";
import { rgb, type Scale } from "../palette";
import { isDark } from "../store";
import "./PixelMap.css";

interface Props {
  values: ArrayLike<number>; // row by row
  rows: number;
  columns: number;
  scale: Scale;
  label: string;
  hidden?(cell: number): boolean; // shown hatched
}

export function PixelMap({ values, rows, columns, scale, label, hidden }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useLayoutEffect(() => {
    const context = canvas.current!.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns, rows);
    for (let cell = 0; cell < rows * columns; cell++) {
      if (hidden?.(cell) || Number.isNaN(values[cell])) continue; // the hatching behind shows through
      image.data.set([...rgb(scale, values[cell], dark), 255], cell * 4);
    }
    context.putImageData(image, 0, 0);
  });
  return <canvas class="pixel-map" ref={canvas} width={columns} height={rows} role="img" aria-label={label} />;
}
