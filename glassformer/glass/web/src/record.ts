// The record that every view shows, as Python's glass/record.py writes it, and the page document around it.

import { OPS, type OpName } from "./ops";
import type { Attributes } from "./ops/op";
import { size, type Numbers } from "./shapes";

export interface Token {
  id: number;
  piece: string;
  text: string;
  start: number;
  end: number;
  byte_start: number;
  byte_end: number;
  word: number | null;
  special: boolean;
  direction: "ltr" | "rtl";
  script: string;
}

export interface Axis {
  size: number;
  text?: string;
  /** The text as the tokenizer normalised it, where that differs. */
  read_as?: string;
  typed?: string; // before the spelling of words was corrected
  tokens?: Token[];
}

export interface Tensor {
  name: string;
  op: OpName;
  operands: { readonly [role: string]: string };
  attributes: Attributes;
  axes: string[];
  roles: string[] | null;
  shape: number[];
  dtype: "float32" | "float64" | "int32" | "uint8";
  label: string;
  data: string | null;
  columns: number[] | null;
  statistics: { readonly [name: string]: string };
}

export interface Candidate {
  id: number;
  piece: string;
  text: string;
  logit: number;
  log_prob: number;
  probability: number;
  rank: number;
  forbidden?: boolean;
}

export interface Step {
  step: number;
  read: { id: number; piece: string; text: string };
  chosen: Candidate;
  candidates: Candidate[];
  entropy: number;
  logsumexp: number;
}

export interface Decode {
  strategy: "greedy" | "beam" | "forced";
  options: { readonly [name: string]: number };
  text: string;
  log_prob: number;
  score: number;
  finished: boolean;
  steps: Step[];
}

export interface BeamNode {
  id: number;
  parent: number | null;
  step: number;
  token: number;
  piece: string;
  text: string;
  log_prob: number;
  sum: number;
  length: number;
  penalty: number;
  score: number;
  state: "kept" | "pruned" | "finished" | "best";
}

export interface Beam {
  width: number;
  length_penalty: number;
  nodes: BeamNode[];
}

/** A token without a place. */
export interface Said {
  id: number;
  piece: string;
  text: string;
}

/** The effects of one kind of part: what the contrast loses when a part is changed; null where nothing corresponds. */
export interface EffectMap {
  name: string; // "encoder.stream", "decoder.cross_attention"
  rows: string[];
  tensors: string[]; // what is changed in each row
  columns: "source" | "target" | "head" | "all"; // a target column is a step
  total: (number | null)[][];
  direct: (number | null)[][];
}

/** A summand of the logit difference; `by_key`: of a head, what comes from each place that it looked at. */
export interface Term {
  tensor: string;
  head: number | null;
  value: number;
  by_key: number[] | null;
}

export interface Attribution {
  method: string;
  source: number[];
  target: number[];
  agreement: number | null;
}

/** Why the translation has one word and not another (Python: `glass/causes/cause.py`). */
export interface Cause {
  contrast: { step: number; measure: "logit_difference" | "log_probability" | "probability"; a: Said; b: Said };
  second: null | { text: string; translation: string; tokens: Said[]; places: [first: number, second: number][] };
  ablation: "patch" | "mean" | "zero";
  clean: number;
  other: number | null;
  maps: EffectMap[];
  deciding: number[];
  gap: number;
  decomposition: Term[];
  lens: { value: number; candidates: (Said & { probability: number })[] }[];
  nearest: (Said & { cosine: number })[][][];
  attributions: Attribution[];
}

export interface Check {
  name: string;
  tensor: string;
  decimals: number;
  printed: number[][];
  computed: number[][];
  agrees: boolean;
  erratum: string | null;
  right: number[][] | null;
}

export interface Stop {
  id: string;
  title: string;
  motivation: string;
  concept: string;
  helps: string;
  takeaway: string;
  formula: string;
  tensors: string[];
  view: string;
}

/** A SentencePiece tokenizer as its `.spm` file has it; its pieces are the record's vocabulary. */
export interface TokenizerData {
  kind: "unigram" | "bpe";
  scores: string | null; // of each piece, float32; null where it only decodes
  types: string; // of each piece, SentencePiece's number in a byte
  control: number[]; // pieces that stand for no text
  byte_fallback: boolean;
  add_dummy_prefix: boolean;
  remove_extra_whitespaces: boolean;
  whitespace_as_suffix: boolean;
  rules: string | null; // of normalisation: the precompiled_charsmap, compressed
}

/** What it takes, beside the weights, to translate another sentence as this model does. */
export interface TranslatorData {
  source: TokenizerData;
  target: TokenizerData | null; // null where it is the source's
  end: number;
  forbidden: number[];
  max_length: number;
  max_length_ratio: number;
  max_length_extra: number;
  length_penalty: number;
}

export interface Trace {
  schema: string;
  meta: {
    kind: "translation" | "lecture";
    title: string;
    version: string;
    card: { readonly [name: string]: unknown };
    seed: number;
    kernel: string;
    dtype: string;
    detail: "attention" | "full" | "full+weights";
  };
  model: { readonly [name: string]: string | number | boolean | null };
  conventions: { readonly [name: string]: string | number };
  axes: { readonly [name: string]: Axis };
  vocabulary: null | { source: string[] | null; target: string[] };
  tensors: Tensor[];
  decode: Decode | null;
  beam: Beam | null;
  checks: Check[];
  tour: Stop[];
  cause?: Cause;
  glosses?: { readonly [word: string]: string }; // what words of the target mean
  interventions?: unknown;
  translator?: TranslatorData | null;
  training_step?: TrainingStep;
  embeddings?: { readonly [side: string]: EmbeddingMap };
}

/** One step of gradient descent on what was written; every number in it is computed in Python. */
export interface TrainingStep {
  readonly rate: number;
  readonly losses: readonly number[]; // of each position, before the step and after it
  readonly losses_after: readonly number[];
  readonly weight: {
    readonly name: string;
    readonly row: number;
    readonly column: number;
    readonly slopes: readonly number[]; // of the loss by what the weight helps to make, at each position
    readonly inputs: readonly number[]; // what the weight multiplies there
    readonly gradient: number;
    readonly before: number;
    readonly after: number;
  };
}

/** A map of the whole words of one side's embedding table; every number in it is computed in Python. */
export interface EmbeddingMap {
  readonly words: readonly MapWord[];
  readonly nearest: readonly (readonly [number, number])[][]; // of each word: others and their cosine
  readonly groups: readonly { readonly name: string; readonly words: readonly number[]; readonly places: readonly (readonly [number, number])[]; readonly shares: readonly [number, number] }[];
  readonly walks: readonly { readonly start: string; readonly minus: string; readonly plus: string; readonly found: readonly (readonly [string, number])[] }[];
  readonly probes: readonly { readonly feature: Feature; readonly classes: { readonly [name: string]: number }; readonly accuracy: number; readonly majority: number; readonly folds: number }[];
}

export type Feature = "part_of_speech" | "gender";

export interface MapWord {
  readonly text: string;
  readonly gloss?: string;
  readonly part_of_speech?: string;
  readonly gender?: string;
}

/** A mean over sentences with its 95 % interval. */
export interface Estimate {
  mean: number;
  low: number | null;
  high: number | null;
  count: number;
}

/** What a model's heads look at and carry, over many sentences (Python: `glass/causes/study/`). */
export interface Study {
  sentences: number;
  patterns: ({ attention: string; head: number } & { [pattern: string]: Estimate | string | number })[];
  contrasts: {
    contrast: string;
    found: number; // sentences with a word to swap
    asked?: number; // those of them whose translation has a word to compare; absent in pages of before
    used: number; // those of them in which the swap changes which word is preferred
    heads: (Estimate & { attention: string; head: number })[];
    carriers: { [depth: string]: { words: { [word: string]: number }; share: Estimate } };
  }[];
}

export interface PageDocument {
  schema: string;
  kind: "trace" | "lecture" | "compare" | "training";
  title: string;
  traces: { label: string; record: Trace }[];
  study?: Study; // of the last trace's model
  losses?: Losses; // of a training
}

/** [step, loss] of a training, in the order of the steps. */
export interface Losses {
  train: [number, number][];
  validation: [number, number][];
}

/** What a reader is told, in one line, where a document cannot be shown. */
export class RecordError extends Error {}

const PAGE_SCHEMA = "glassformer-page/1";
const TRACE_SCHEMA = "glassformer-trace/1";
const BYTES = { float32: 4, float64: 8, int32: 4, uint8: 1 } as const;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The page document in `text`; RecordError says in one line what is wrong with it. */
export function parseDocument(text: string): PageDocument {
  let document: PageDocument;
  try {
    document = JSON.parse(text);
  } catch {
    throw new RecordError("This page holds no complete record: its data are cut off or not JSON. Write the page again.");
  }
  checkSchema(document, PAGE_SCHEMA);
  if (!Array.isArray(document.traces) || document.traces.length === 0) throw new RecordError("This page holds no trace.");
  for (const entry of document.traces) checkTrace(entry?.record);
  return document;
}

function checkSchema(value: { schema?: unknown } | null, wanted: string): void {
  if (value?.schema === wanted) return;
  const found = typeof value?.schema === "string" ? `"${value.schema}"` : "no version at all";
  throw new RecordError(`This page reads "${wanted}", but the record says ${found}. Write it again with this version of glassformer.`);
}

/** Refuses what would make a view stumble; the full rules are in the JSON Schema that Python ships. */
function checkTrace(trace: Trace | undefined): void {
  checkSchema(trace ?? null, TRACE_SCHEMA);
  const { meta, axes, tensors } = trace!;
  if (!meta || !axes || !Array.isArray(tensors)) throw new RecordError("The record is broken: meta, axes or tensors is missing.");
  const seen = new Set<string>();
  for (const tensor of tensors) {
    checkTensor(tensor, seen);
    seen.add(tensor.name);
  }
}

function checkTensor(tensor: Tensor, seen: ReadonlySet<string>): void {
  const refuse = (reason: string) => {
    throw new RecordError(`The record is broken at tensor "${tensor?.name}": ${reason}.`);
  };
  if (typeof tensor?.name !== "string") refuse("it has no name");
  if (seen.has(tensor.name)) refuse("its name occurs twice");
  if (!Object.hasOwn(OPS, tensor.op)) refuse(`"${tensor.op}" is not an op of this version`);
  if (!(tensor.dtype in BYTES)) refuse(`"${tensor.dtype}" is not a number type of this version`);
  if (!Array.isArray(tensor.shape) || !tensor.shape.every((n) => Number.isInteger(n) && n >= 0)) refuse("its shape is no list of sizes");
  for (const operand of Object.values(tensor.operands)) if (!seen.has(operand)) refuse(`its operand "${operand}" is not there before it`);
  if (tensor.data === null) return;
  const stored = size(tensor.columns ? [...tensor.shape.slice(0, -1), tensor.columns.length] : tensor.shape);
  if (!BASE64.test(tensor.data) || byteLength(tensor.data) !== stored * BYTES[tensor.dtype]) refuse("its data are cut off or damaged");
}

const byteLength = (base64: string): number =>
  (base64.length / 4) * 3 - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0);

/** The numbers in little-endian base64. */
export function decode(base64: string, dtype: Tensor["dtype"]): Numbers {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  if (dtype === "uint8") return bytes;
  if (dtype === "int32") return new Int32Array(bytes.buffer);
  return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}
