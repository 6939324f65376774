// Files that the page gives away. Their names have one pattern and hold nothing of a record.

import { serialised } from "./svg";

export type Format = "svg" | "png" | "csv" | "tex";

const TYPES: { readonly [format in Format]: string } = {
  svg: "image/svg+xml", png: "image/png", csv: "text/csv;charset=utf-8", tex: "application/x-tex;charset=utf-8",
};

/** "glassformer-attention-tensor-17.svg": the view by our own name for it, the matrix by its number in the record. */
export function fileName(view: string, matrix: number | null, format: Format): string {
  const known = /^[a-z_]{1,20}$/.test(view) ? view.replaceAll("_", "-") : "view";
  return `glassformer-${known}${matrix === null ? "" : `-tensor-${matrix}`}.${format}`;
}

export function save(name: string, format: Format, content: string | Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: TYPES[format] }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const SHARPNESS = 2; // pixels of the PNG for one of the screen's
const MOST_PIXELS = 16_000; // along a side: what browsers draw

/** A drawing as PNG; null where the browser cannot make one, as of what is too large. */
export async function toPng(root: SVGElement): Promise<Blob | null> {
  const [width, height] = ["width", "height"].map((side) => Number(root.getAttribute(side)));
  const scale = Math.min(SHARPNESS, MOST_PIXELS / Math.max(width, height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(serialised(root))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
