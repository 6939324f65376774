// The part of a canvas's drawing interface that matrices are painted with, drawing SVG elements instead of pixels.

import { svgElement, type Attributes } from "./svg";

type Point = readonly [number, number];

interface State {
  group: SVGElement;
  fillStyle: string | CanvasPattern | CanvasGradient;
  strokeStyle: string | CanvasPattern | CanvasGradient;
  lineWidth: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  dash: number[];
}

const ANCHORS: { readonly [align: string]: string } = { left: "start", start: "start", center: "middle", right: "end", end: "end" };
const BASELINES: { readonly [baseline: string]: string } = { middle: "0.35em", alphabetic: "0" };
let clips = 0; // numbers the clip paths, of all drawings in one file

export class SvgContext {
  private state: State;
  private readonly saved: State[] = [];
  private path: string[] = [];
  private from: Point = [0, 0];

  /** `hatch`: the fill that stands for a pattern. */
  constructor(root: SVGElement, private readonly hatch: string) {
    this.state = {
      group: root, fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, font: "13px sans-serif", textAlign: "left", textBaseline: "alphabetic", dash: [],
    };
  }

  set fillStyle(fill: State["fillStyle"]) { this.state.fillStyle = fill; }
  set strokeStyle(stroke: State["strokeStyle"]) { this.state.strokeStyle = stroke; }
  set lineWidth(width: number) { this.state.lineWidth = width; }
  set font(font: string) { this.state.font = font; }
  set textAlign(align: CanvasTextAlign) { this.state.textAlign = align; }
  set textBaseline(baseline: CanvasTextBaseline) { this.state.textBaseline = baseline; }
  setLineDash(dash: number[]): void { this.state.dash = dash; }
  setTransform(): void {} // of pixels to the screen's: there are none here
  createPattern(): null { return null; }

  save(): void {
    this.saved.push({ ...this.state });
  }

  restore(): void {
    this.state = this.saved.pop() ?? this.state;
  }

  translate(x: number, y: number): void {
    this.nest({ transform: `translate(${round(x)} ${round(y)})` });
  }

  rotate(angle: number): void {
    this.nest({ transform: `rotate(${round((angle * 180) / Math.PI)})` });
  }

  beginPath(): void {
    this.path = [];
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(`M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`);
  }

  moveTo(x: number, y: number): void {
    this.from = [x, y];
    this.path.push(`M${round(x)} ${round(y)}`);
  }

  lineTo(x: number, y: number): void {
    if (this.path.length === 0) this.moveTo(...this.from);
    this.path.push(`L${round(x)} ${round(y)}`);
  }

  clip(): void {
    const id = `glass-clip-${clips++}`;
    this.add("clipPath", { id }).append(svgElement("path", { d: this.path.join("") }));
    this.nest({ "clip-path": `url(#${id})` });
  }

  fill(): void {
    this.add("path", { d: `${this.path.join("")}z`, fill: this.ink(this.state.fillStyle) });
  }

  stroke(): void {
    this.add("path", { d: this.path.join(""), fill: "none", ...this.pen() });
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.add("rect", { x: round(x), y: round(y), width: round(width), height: round(height), fill: this.ink(this.state.fillStyle) });
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.add("rect", { x: round(x), y: round(y), width: round(width), height: round(height), fill: "none", ...this.pen() });
  }

  fillText(text: string, x: number, y: number, most?: number): void {
    const { textAlign, textBaseline, font, fillStyle } = this.state;
    const squeezed = most !== undefined && this.measureText(text).width > most ? { textLength: round(most), lengthAdjust: "spacingAndGlyphs" } : {};
    const [, size, family] = /^(\d+(?:\.\d+)?)px (.*)$/.exec(font) ?? ["", "13", "sans-serif"];
    this.add("text", {
      x: round(x), y: round(y), dy: BASELINES[textBaseline] ?? "0", "text-anchor": ANCHORS[textAlign], fill: this.ink(fillStyle),
      "font-size": size, "font-family": family, ...squeezed,
    }).textContent = text;
  }

  measureText(text: string): { width: number } {
    const pen = document.createElement("canvas").getContext("2d");
    if (!pen) return { width: text.length * 8 };
    pen.font = this.state.font;
    return pen.measureText(text);
  }

  private pen(): Attributes {
    const { strokeStyle, lineWidth, dash } = this.state;
    return { stroke: this.ink(strokeStyle), "stroke-width": round(lineWidth), ...(dash.length ? { "stroke-dasharray": dash.join(" ") } : {}) };
  }

  private ink(style: State["fillStyle"]): string {
    return typeof style === "string" ? style : this.hatch;
  }

  private add(tag: string, attributes: Attributes): SVGElement {
    const one = svgElement(tag, attributes);
    this.state.group.append(one);
    return one;
  }

  private nest(attributes: Attributes): void {
    this.state.group = this.add("g", attributes);
  }
}

const round = (x: number): string => String(Math.round(x * 100) / 100);
