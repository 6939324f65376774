// How wide a label is.

import { LABEL_FONT } from "./layout";

let pen: CanvasRenderingContext2D | null = null;

export function measure(text: string): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return text.length * 8;
  pen.font = `${LABEL_FONT}px ${getComputedStyle(document.documentElement).getPropertyValue("--sans")}`;
  return pen.measureText(text).width;
}
