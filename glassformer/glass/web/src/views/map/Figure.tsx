// The clickable drawing: boxes are buttons, lines an SVG beneath them.

import type { Graph } from "../../graph";
import { Thumbnail } from "../../components/Thumbnail";
import { shortestMeaning } from "../../meaning";
import { chosenBlock, go } from "../../store";
import { NORMS, normOf } from "../../ops/norms";
import { describe, faceOf } from "./blocks";
import type { Box, FrameBox, Plan, Wire } from "./plan";

const WIDE = 170; // boxes from here on have room for a picture

export function Figure({ graph, plan }: { graph: Graph; plan: Plan }) {
  return (
    <div class="figure" style={{ width: `${plan.width}px`, height: `${plan.height}px` }}>
      {plan.frames.map((frame) => <StackFrame key={frame.block} frame={frame} />)}
      <svg width={plan.width} height={plan.height} aria-hidden="true">
        {plan.wires.map((wire, i) => <WirePath key={i} wire={wire} />)}
      </svg>
      {plan.boxes.map((box, i) => box.kind === "text" ? <Sentence key={i} graph={graph} box={box} /> : <BoxButton key={i} graph={graph} box={box} />)}
    </div>
  );
}

const at = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }) =>
  ({ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });

const select = (block: string): void => go({ block, tensor: null, cell: null });

function StackFrame({ frame }: { frame: FrameBox }) {
  const on = chosenBlock.value === frame.block;
  return (
    <div class={`frame ${frame.label ? "stack" : "layer"} ${on ? "on" : ""}`} style={at(frame)}>
      {frame.label && (
        <button class={frame.labelRight ? "right" : "left"} data-block={frame.block} aria-pressed={on} onClick={() => select(frame.block)}>
          {frame.label}<span class="sr">, the {frame.block}’s layers</span>
        </button>
      )}
    </div>
  );
}

function BoxButton({ graph, box }: { graph: Graph; box: Box }) {
  const on = chosenBlock.value === box.block;
  const face = faceOf(graph, box.block, box.kind);
  const symbol = box.kind === "add" || box.kind === "positions";
  return (
    <button class={`box ${box.kind} ${on ? "on" : ""}`} style={at(box)} data-block={box.block} aria-pressed={on} onClick={() => select(box.block)}>
      {box.kind === "add" && <span aria-hidden="true">+</span>}
      {box.kind === "positions" && <Wave learned={graph.trace.model.positions === "learned"} />}
      {!symbol && <BoxText graph={graph} box={box} face={box.width >= WIDE ? face : null} />}
      <span class="sr">{symbol ? describe(graph, box.block).title : ""}, {box.block.replaceAll(/[._]/g, " ")}</span>
    </button>
  );
}

/** The box's name, and below it, where there is room, its size and its picture. */
function BoxText({ graph, box, face }: { graph: Graph; box: Box; face: string | null }) {
  const [name, fact] = caption(graph, box);
  return (
    <span class="box-text">
      <b>{name}</b>
      {box.width >= WIDE && (fact || face) && <small>{fact}{face && <Thumbnail graph={graph} tensor={face} most={4} />}</small>}
    </span>
  );
}

/** A box's two lines. */
function caption({ trace }: Graph, { kind, role, block }: Box): readonly [string, string] {
  const { model } = trace;
  switch (kind) {
    case "attention":
      return [{ cross_attention: "Cross-attention", self_attention: "Self-attention" }[role] ?? "Masked self-attention", heads(model, role)];
    case "feed_forward":
      return ["Feed-forward", `${model.d_model} → ${model.d_ff} → ${model.d_model}`];
    case "embedding": {
      const size = block === "source_embedding" ? (model.source_vocab_size ?? model.vocab_size) : model.vocab_size;
      return ["Embedding", `${size} × ${model.d_model}`];
    }
    case "norm":
      return [role === "norm" ? (normOf(model.norm) ?? NORMS.layernorm).title : "Add & norm", ""];
    case "linear":
      return ["Linear", `${model.d_model} → ${model.vocab_size}`];
    case "softmax":
      return ["Softmax", ""];
    default:
      return [role.charAt(0).toUpperCase() + role.slice(1), ""];
  }
}

function heads(model: Graph["trace"]["model"], role: string): string {
  const turned = model.positions === "rotary" && role !== "cross_attention";
  return `${model.num_heads} ${turned ? "" : "heads "}× ${Number(model.d_model) / Number(model.num_heads)}${turned ? " rotary" : ""}`;
}

function Sentence({ graph: { trace }, box }: { graph: Graph; box: Box }) {
  const text = box.role === "output" ? trace.decode?.text : trace.axes[box.role]?.text;
  const label = { source: "Inputs", target: "Outputs (shifted right)", output: "Output probabilities" }[box.role];
  const means = box.role === "source" ? "" : inWords(trace, text ?? "");
  return (
    <div class={`sentence ${box.role}`} style={at(box)} title={means ? `${text}: ${means}` : text}>
      <small>{label}</small>
      <span dir="auto">{box.role === "target" ? `<s> ${text ?? ""}` : text}</span>
    </div>
  );
}

/** Word by word what a sentence of the target means; "" where nothing is known of it. */
function inWords(trace: Graph["trace"], text: string): string {
  const means = text.split(/\s+/).map((word) => shortestMeaning(trace, word));
  return means.some(Boolean) ? means.map((one) => one ?? "–").join(" · ") : "";
}

function Wave({ learned }: { learned: boolean }) {
  if (learned) return <span aria-hidden="true">▦</span>;
  return (
    <svg viewBox="0 0 40 40" aria-hidden="true">
      <path d="M4 20 C 9 6, 15 6, 20 20 S 31 34, 36 20" fill="none" stroke="currentColor" stroke-width="2" />
    </svg>
  );
}

const CORNER = 6;

function WirePath({ wire }: { wire: Wire }) {
  const { points } = wire;
  return (
    <g class={`wire ${wire.kind}`}>
      <path d={rounded(points)} />
      {wire.arrow && <path class="head" d={head(points[points.length - 2], points[points.length - 1])} />}
    </g>
  );
}

type Point = readonly [number, number];

/** A line through the points, its corners rounded. */
function rounded(points: readonly Point[]): string {
  const path = [`M ${points[0].join(" ")}`];
  for (let i = 1; i < points.length; i++) {
    const next = points[i + 1];
    if (!next) path.push(`L ${points[i].join(" ")}`);
    else path.push(`L ${toward(points[i], points[i - 1]).join(" ")} Q ${points[i].join(" ")} ${toward(points[i], next).join(" ")}`);
  }
  return path.join(" ");
}

/** The point a corner's radius away from `from`, on the way to `to`. */
function toward(from: Point, to: Point): Point {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const part = Math.min(CORNER, length / 2) / (length || 1);
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}

function head([x0, y0]: Point, [x, y]: Point): string {
  const length = Math.hypot(x - x0, y - y0) || 1;
  const [dx, dy] = [((x - x0) / length) * 6, ((y - y0) / length) * 6];
  return `M ${x} ${y} L ${x - dx - dy * 0.6} ${y - dy + dx * 0.6} L ${x - dx + dy * 0.6} ${y - dy - dx * 0.6} Z`;
}
