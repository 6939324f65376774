// What the blocks of the model are called, what they do, and which tensors are theirs.

import type { Graph } from "../../graph";
import { activationOf } from "../../ops/elementwise";
import { NORMS, normOf } from "../../ops/norms";
import type { Tensor } from "../../record";
import type { Shape } from "./plan";

export function shapeOf(graph: Graph): Shape {
  const { model } = graph.trace;
  return {
    encoderLayers: Number(model.encoder_layers),
    decoderLayers: Number(model.decoder_layers),
    preNorm: model.norm_position === "pre",
    finalNorm: Boolean(model.final_norm),
    embeddingNorm: Boolean(model.embedding_norm),
    positions: String(model.positions),
  };
}

/** The tensors of a block, in the order in which they are made; weights last. */
export function tensorsOf(graph: Graph, block: string): Tensor[] {
  const own = graph.trace.tensors.filter(({ name }) => name === block || name.startsWith(`${block}.`));
  if (block === "logits") own.push(...graph.trace.tensors.filter(({ name }) => name.startsWith("generator.")));
  const weights = own.filter(({ op }) => op === "parameter");
  return [...own.filter(({ op }) => op !== "parameter"), ...weights];
}

/** The tensor whose picture a block wears: what it is there to make. */
export function faceOf(graph: Graph, block: string, kind: string): string | null {
  const endings: { readonly [kind: string]: readonly string[] } = {
    attention: [`${block}.weights`],
    feed_forward: [`${block}.activation`],
    embedding: [`${block}.output`, `${block}.scaled`, `${block}.lookup`],
    positions: [block],
    linear: [block],
  };
  const name = (endings[kind] ?? []).find((one) => graph.has(one));
  return name !== undefined && graph.values(name) !== null ? name : null;
}

/** The blocks from the stack down to `block`: "encoder", "encoder.0", "encoder.0.self_attention". */
export function pathOf(block: string): string[] {
  const parts = block.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}

export interface Description {
  readonly title: string;
  readonly what: string;
  readonly formula: string;
}

/** A block in words: its last part says what it is. */
export function describe(graph: Graph, block: string): Description {
  const { model } = graph.trace;
  const last = block.slice(block.lastIndexOf(".") + 1);
  if (/^\d+$/.test(last)) return layer(block, last);
  if (last.endsWith("norm")) return norm(graph, block, last);
  const known: { readonly [part: string]: Description } = {
    source_embedding: embedding(graph, "source"),
    target_embedding: embedding(graph, "target"),
    position: {
      title: "Positions",
      what: "A vector for each place in the sentence. Attention alone would not notice the order of the words.",
      formula: model.positions === "sinusoidal" ? sinusoids(graph) : "a learned row for each position",
    },
    source: { title: "Source ids", what: "The sentence as the numbers of its tokens.", formula: "" },
    target: { title: "Target ids", what: "What the decoder reads: <s>, then the target.", formula: "" },
    encoder: { title: "Encoder", what: `${model.encoder_layers} layers read the whole source sentence at once, each refining what the one below it wrote.`, formula: "" },
    decoder: { title: "Decoder", what: `${model.decoder_layers} layers write the target, looking back at what is written and across to the encoder.`, formula: "" },
    self_attention: attention(graph, block.startsWith("decoder")),
    cross_attention: {
      title: "Cross-attention",
      what: "Queries come from the target, keys and values from the encoder’s output: which source words matter for the next target word?",
      formula: "softmax(QKᵀ / √dₖ) V",
    },
    feed_forward: {
      title: "Feed-forward",
      what: `Every token by itself: out to ${model.d_ff} columns, ${activation(String(model.activation))}, and back to ${model.d_model}.`,
      formula: feedForwardFormula(String(model.activation)),
    },
    logits: { title: "Linear", what: "A score for each word of the vocabulary, at each target place.", formula: "logits = x Wᵀ" },
    log_probs: { title: "Softmax", what: "Scores become probabilities (kept as logarithms); the next word is chosen from them.", formula: "log p = logits − ln Σ exp(logits)" },
  };
  return known[last] ?? { title: block, what: "", formula: "" };
}

/** The formula of sinusoidal positions, with what the model's configuration makes of it. */
function sinusoids({ trace: { model } }: Graph): string {
  const power = `10000^(2i/${model.position_exponent === "tensor2tensor" ? "(d − 2)" : "d"})`;
  const at = Number(model.first_position ?? 0) > 0 ? `(p + ${model.first_position})` : "p";
  const [sine, cosine] = model.position_layout === "halves" ? ["i", "i + d/2"] : ["2i", "2i+1"];
  return `PE[p, ${sine}] = sin(${at} / ${power})   PE[p, ${cosine}] = cos(${at} / ${power})`;
}

const layer = (block: string, number: string): Description => ({
  title: `${block.startsWith("encoder") ? "Encoder" : "Decoder"} layer ${number}`,
  what: "Its sublayers, each with a residual line around it. Layers are counted from 0, as in the tensors’ names.",
  formula: "",
});

function norm({ trace }: Graph, block: string, last: string): Description {
  const { formula: plain, trained } = normOf(trace.model.norm) ?? NORMS.layernorm;
  const formula = plain + trained.map((role) => ({ gain: " · γ", bias: " + β" })[role]).join("");
  const what = "Each token’s numbers are brought to one scale.";
  if (last === "norm") return { title: "Norm", what: `${what} Here each embedded token’s, before the first layer.`, formula };
  if (last === "encoder_norm" || last === "decoder_norm") return { title: "Final norm", what, formula };
  const before = trace.model.norm_position === "pre";
  return {
    title: before ? "Norm, and add" : "Add & norm",
    what: `${what} ${before ? "Here before the sublayer, whose output is then added to what came in." : "What came in is added to the sublayer’s output first: the residual."}`,
    formula: before ? `x + ${sublayerName(block)}(norm(x)),  norm: ${formula}` : `norm(x + ${sublayerName(block)}(x)),  norm: ${formula}`,
  };
}

const sublayerName = (block: string): string => (block.includes("feed_forward") ? "FFN" : "attention");

const embedding = ({ trace }: Graph, side: string): Description => ({
  title: side === "source" ? "Input embedding" : "Output embedding",
  what: `Each ${side} token’s id picks a row of ${trace.model.d_model} learned numbers${side === "target" ? "; the sentence is shifted right, so it begins with <s>" : ""}.`,
  formula: trace.conventions.embedding_scale === 1 ? "E[id]" : "E[id] · √d",
});

const attention = ({ trace }: Graph, masked: boolean): Description => ({
  title: masked ? "Masked self-attention" : "Self-attention",
  what: `${trace.model.num_heads} heads; in each, every token asks (query), every token offers (key), and what is attended to is passed on (value).${masked ? " A mask hides the future." : ""}${trace.model.positions === "rotary" ? " Queries and keys are turned by their position’s angle." : ""}`,
  formula: masked ? "softmax(mask(QKᵀ / √dₖ)) V" : "softmax(QKᵀ / √dₖ) V",
});

const GATED: { readonly [name: string]: string } = { reglu: "relu", geglu: "gelu", swiglu: "silu" };
const titleOf = (name: string): string => activationOf(GATED[name] ?? name)?.title ?? name;
const activation = (name: string): string => titleOf(name) + (name in GATED ? " as a gate" : "");

function feedForwardFormula(name: string): string {
  const f = titleOf(name);
  return name in GATED ? `(${f}(x W_g) · x W₁) W₂` : name === "relu" ? "max(0, x W₁ + b₁) W₂ + b₂" : `${f}(x W₁ + b₁) W₂ + b₂`;
}
