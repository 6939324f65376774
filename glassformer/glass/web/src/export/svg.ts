// Pieces of an SVG file. Text gets in as text only, so that nothing of a record is ever markup.

const SVG = "http://www.w3.org/2000/svg";
export const HATCH = "glass-hatch";

export type Attributes = { readonly [name: string]: string | number | undefined };

export function svgElement(tag: string, attributes: Attributes): SVGElement {
  const one = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) one.setAttribute(name, String(value));
  return one;
}

/** An empty drawing of a size, filled with a colour, with the hatching that stands for what is masked. */
export function drawing(width: number, height: number, background: string, hatching: string): SVGElement {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  const root = svgElement("svg", { xmlns: SVG, width: w, height: h, viewBox: `0 0 ${w} ${h}` });
  const pattern = svgElement("pattern", { id: HATCH, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
  pattern.append(svgElement("path", { d: "M0 8L8 0", stroke: hatching, "stroke-width": 1.5 }));
  root.append(pattern, svgElement("rect", { width: w, height: h, fill: background }));
  return root;
}

const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu; // what XML 1.0 admits in no form

export const serialised = (root: SVGElement): string => `${new XMLSerializer().serializeToString(root).replaceAll(UNWRITABLE, "\ufffd")}\n`;
