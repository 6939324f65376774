// What a view shows, drawn once more as SVG: boxes, texts, drawings, and matrices as shapes. What scrolls is cut where
// the screen cuts it; a matrix has an export of its own, which has all of it.

import { repaint } from "../components/paint";
import { drawing, HATCH, svgElement } from "./svg";
import { SvgContext } from "./svgContext";

const MARGIN = 16;
/** Not part of a picture: what can only be clicked, and what only screen readers say. */
const LEFT_OUT = ".export, .sr, [hidden], script, style, option, input[type=range], input[type=radio], details:not([open]) > :not(summary)";

/** The picture of an element as it stands on the screen. */
export function pictureOf(element: Element): SVGElement {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const root = drawing(box.width + 2 * MARGIN, box.height + 2 * MARGIN, token("--bg"), token("--line"));
  const content = svgElement("g", { transform: `translate(${MARGIN - box.left} ${MARGIN - box.top})` });
  root.append(content);
  draw(element, content, root);
  return root;
}

function draw(element: Element, into: SVGElement, root: SVGElement): void {
  const style = getComputedStyle(element);
  if (element.matches(LEFT_OUT) || style.display === "none" || style.visibility === "hidden" || Number(style.opacity) === 0) return;
  if (element instanceof SVGSVGElement) return drawDrawing(element, into);
  if (element instanceof HTMLCanvasElement) return drawCanvas(element, into);
  drawBox(element.getBoundingClientRect(), style, into, root);
  drawOrnament(element, "::before", into, root);
  if (element instanceof HTMLSelectElement) return drawValue(element, element.selectedOptions[0]?.text ?? "", into);
  if (element instanceof HTMLInputElement) return drawValue(element, element.type === "checkbox" ? (element.checked ? "☑" : "☐") : element.value, into);
  const inside = style.overflowX === "visible" && style.overflowY === "visible" ? into : clipped(element, into);
  for (const child of element.childNodes) {
    if (child instanceof Element) draw(child, inside, root);
    else if (child instanceof Text) drawText(child, style, inside);
  }
  drawOrnament(element, "::after", into, root);
}

let clips = 0;

function clipped(element: Element, into: SVGElement): SVGElement {
  const { left, top, width, height } = element.getBoundingClientRect();
  const id = `glass-box-${clips++}`;
  const clip = svgElement("clipPath", { id });
  clip.append(svgElement("rect", { x: left, y: top, width, height }));
  const group = svgElement("g", { "clip-path": `url(#${id})` });
  into.append(clip, group);
  return group;
}

const isSeen = (colour: string): boolean => colour !== "transparent" && !/, 0\)$|\/ 0\)$/.test(colour);

/** A box that the sheet adds to an element at a place of its own, as the dots of a row of stops. */
function drawOrnament(element: Element, which: "::before" | "::after", into: SVGElement, root: SVGElement): void {
  const style = getComputedStyle(element, which);
  if (style.content === "none" || style.content === "normal" || style.position !== "absolute") return;
  const { left, top } = element.getBoundingClientRect();
  const [x, y, width, height] = [style.left, style.top, style.width, style.height].map(parseFloat);
  drawBox(new DOMRect(left + x, top + y, width, height), style, into, root);
}

function drawBox({ left: x, top: y, width, height }: DOMRect, style: CSSStyleDeclaration, into: SVGElement, root: SVGElement): void {
  if (width === 0 || height === 0) return;
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, height / 2);
  const sides = (["Top", "Right", "Bottom", "Left"] as const).map((side) => ({
    width: style[`border${side}Style`] === "none" ? 0 : parseFloat(style[`border${side}Width`]), colour: style[`border${side}Color`], dashed: style[`border${side}Style`] === "dashed",
  }));
  const gradient = gradientOf(style.backgroundImage, root);
  const fill = gradient ?? (isSeen(style.backgroundColor) ? style.backgroundColor : "none");
  const whole = sides.every((side) => side.width > 0 && side.colour === sides[0].colour && isSeen(side.colour));
  if (fill !== "none" || whole) {
    const pen = whole ? { stroke: sides[0].colour, "stroke-width": sides[0].width, ...(sides[0].dashed ? { "stroke-dasharray": "4 3" } : {}) } : {};
    into.append(svgElement("rect", { x, y, width, height, rx: radius, fill, ...pen }));
  }
  if (whole) return;
  const [right, bottom] = [x + width, y + height];
  const ends = [[x, y, right, y], [right, y, right, bottom], [x, bottom, right, bottom], [x, y, x, bottom]];
  sides.forEach((side, i) => {
    const [x1, y1, x2, y2] = ends[i];
    if (side.width > 0 && isSeen(side.colour)) into.append(svgElement("line", { x1, y1, x2, y2, stroke: side.colour, "stroke-width": side.width }));
  });
}

let gradients = 0;

/** A scale's gradient from left to right; other backgrounds are ornament and left out. */
function gradientOf(background: string, root: SVGElement): string | null {
  const colours = /^linear-gradient\(to right, ((?:rgb\([^)]*\)(?:, )?)+)\)$/.exec(background)?.[1].match(/rgb\([^)]*\)/g);
  if (!colours) return null;
  const id = `glass-scale-${gradients++}`;
  const gradient = svgElement("linearGradient", { id });
  colours.forEach((colour, i) => gradient.append(svgElement("stop", { offset: i / (colours.length - 1), "stop-color": colour })));
  root.append(gradient);
  return `url(#${id})`;
}

// ---- text

interface Run {
  text: string;
  box: DOMRect;
}

function drawText(node: Text, style: CSSStyleDeclaration, into: SVGElement): void {
  for (const { text, box } of runsOf(node)) {
    const rightToLeft = style.direction === "rtl";
    const baseline = box.top + ascent(style);
    const one = svgElement("text", {
      x: rightToLeft ? box.right : box.left, y: baseline, ...fontOf(style), "xml:space": "preserve", direction: rightToLeft ? "rtl" : undefined,
    });
    one.textContent = text;
    into.append(one);
    if (style.textDecorationLine.includes("underline")) drawUnderline(style, box, baseline, into);
  }
}

function drawUnderline(style: CSSStyleDeclaration, box: DOMRect, baseline: number, into: SVGElement): void {
  const [thickness, offset] = [parseFloat(style.textDecorationThickness) || 1, parseFloat(style.textUnderlineOffset) || 2];
  const y = baseline + offset + thickness / 2;
  into.append(svgElement("line", {
    x1: box.left, x2: box.right, y1: y, y2: y, stroke: style.textDecorationColor, "stroke-width": thickness,
    "stroke-dasharray": style.textDecorationStyle === "dotted" ? "1.5 2" : undefined,
  }));
}

const fontOf = (style: CSSStyleDeclaration) => ({
  fill: style.color, "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight,
  "font-style": style.fontStyle === "normal" ? undefined : style.fontStyle,
});

/** The text as it stands on its lines. */
function runsOf(node: Text): Run[] {
  const range = document.createRange();
  const boxOf = (from: number, to: number) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    return range.getBoundingClientRect();
  };
  if (!node.data.trim()) return [];
  range.selectNodeContents(node);
  if (range.getClientRects().length === 1) return [{ text: node.data.replace(/\s+/g, " "), box: range.getBoundingClientRect() }];
  const runs: (Run & { from: number })[] = [];
  for (const { index, 0: word } of node.data.matchAll(/\S+\s*/g)) {
    const box = boxOf(index, index + word.trimEnd().length);
    const line = runs.at(-1);
    if (box.width === 0) continue;
    if (line && Math.abs(line.box.top - box.top) < 2) {
      line.text += word;
      line.box = boxOf(line.from, index + word.trimEnd().length);
    } else runs.push({ text: word, box, from: index });
  }
  return runs.map(({ text, box }) => ({ text: text.replace(/\s+/g, " "), box }));
}

const ascents = new Map<string, number>();

function ascent({ fontStyle, fontWeight, fontSize, fontFamily }: CSSStyleDeclaration): number {
  const font = `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
  if (!ascents.has(font)) {
    const pen = document.createElement("canvas").getContext("2d");
    if (pen) pen.font = font;
    ascents.set(font, pen?.measureText("x").fontBoundingBoxAscent ?? 12);
  }
  return ascents.get(font)!;
}

function drawValue(element: Element, value: string, into: SVGElement): void {
  const style = getComputedStyle(element);
  const { left, top, height } = element.getBoundingClientRect();
  const one = svgElement("text", { x: left + 6, y: top + height / 2, dy: "0.35em", ...fontOf(style) });
  one.textContent = value;
  into.append(one);
}

// ---- drawings and canvases

const PRESENTATION = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family", "font-size",
  "font-weight", "text-anchor", "dominant-baseline"] as const;

/** An SVG of the page, with the styles in it that the page's sheet gives it. */
function drawDrawing(element: SVGSVGElement, into: SVGElement): void {
  const { left, top, width, height } = element.getBoundingClientRect();
  const copy = element.cloneNode(true) as SVGSVGElement;
  const [originals, copies] = [element, copy].map((one) => [one, ...one.querySelectorAll("*")]);
  copies.forEach((one, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of PRESENTATION) if (style.getPropertyValue(name)) one.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "style", "role", "tabindex", "aria-label"]) one.removeAttribute(name);
  });
  for (const [name, value] of Object.entries({ x: left, y: top, width, height })) copy.setAttribute(name, String(value));
  into.append(copy);
}

function drawCanvas(canvas: HTMLCanvasElement, into: SVGElement): void {
  const { left: x, top: y, width, height } = canvas.getBoundingClientRect();
  const paint = repaint.get(canvas);
  if (paint) {
    const group = svgElement("g", { transform: `translate(${x} ${y})` });
    into.append(group);
    paint(new SvgContext(group, `url(#${HATCH})`) as unknown as CanvasRenderingContext2D);
  } else if (canvas.width > 0 && canvas.height > 0) {
    const crisp = getComputedStyle(canvas).imageRendering === "pixelated" ? { "image-rendering": "pixelated" } : {};
    into.append(svgElement("image", { x, y, width, height, href: canvas.toDataURL(), preserveAspectRatio: "none", ...crisp }));
  }
}
