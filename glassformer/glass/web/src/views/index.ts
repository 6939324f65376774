// All views, in the lecture's order. `available`: whether the record holds what the view shows.

import type { ComponentType } from "preact";
import { takesSentences } from "../engine/sentence";
import type { Graph } from "../graph";
import { normOf } from "../ops/norms";
import type { PageDocument, Trace } from "../record";
import { hasStep } from "../training";
import { Attention } from "./Attention";
import { hasAttention } from "./attentionWeights";
import { Beam } from "./Beam";
import { Compare } from "./Compare";
import { Edit } from "./Edit";
import { Embeddings } from "./Embeddings";
import { FeedForward } from "./FeedForward";
import { Heads } from "./Heads";
import { Logits } from "./Logits";
import { ArchitectureMap } from "./Map";
import { Matrices } from "./Matrices";
import { hasPositions, Positions } from "./Positions";
import { Residual } from "./Residual";
import { Story } from "./Story";
import { Timeline } from "./Timeline";
import { Tokens } from "./Tokens";
import { Tour } from "./Tour";
import { Training } from "./Training";
import { TrainingStep } from "./TrainingStep";
import { Why } from "./Why";

interface ViewProps {
  readonly graph: Graph;
  readonly views: readonly View[]; // those that there are for this record
}

export interface View {
  readonly id: string;
  readonly title: string;
  readonly component: ComponentType<ViewProps>;
  available(trace: Trace, page: PageDocument): boolean;
}

const always = () => true;
const has = (ending: string) => (trace: Trace) => trace.tensors.some(({ name }) => name.endsWith(ending));
const isTranslation = (trace: Trace) => trace.meta.kind === "translation";

export const VIEWS: readonly View[] = [
  { id: "story", title: "Start", component: Story, available: (trace) => isTranslation(trace) && Boolean(trace.decode && trace.axes.source?.tokens) },
  { id: "map", title: "Map", component: ArchitectureMap, available: isTranslation },
  { id: "why", title: "Why this word?", component: Why, available: (trace) => trace.cause !== undefined || (trace.decode !== null && takesSentences(trace)) },
  { id: "tour", title: "Guided tour", component: Tour, available: (trace) => trace.tour.length > 0 },
  { id: "tokens", title: "Tokens", component: Tokens, available: ({ axes }) => Boolean(axes.source?.tokens ?? axes.target?.tokens) },
  { id: "embeddings", title: "Embedding map", component: Embeddings, available: (trace) => trace.embeddings !== undefined },
  { id: "positions", title: "Positions", component: Positions, available: (trace) => hasPositions(trace.tensors) },
  { id: "attention", title: "Attention", component: Attention, available: hasAttention },
  { id: "residual", title: "Residual and norm", component: Residual, available: (trace) => trace.tensors.some(({ op }) => normOf(op)) },
  { id: "heads", title: "Heads side by side", component: Heads, available: (trace) => trace.tensors.some(({ op, shape }) => op === "softmax" && shape.length === 3) },
  { id: "feed_forward", title: "Feed-forward", component: FeedForward, available: has("feed_forward.activation") },
  { id: "logits", title: "Logits to probabilities", component: Logits, available: (trace) => trace.decode !== null },
  { id: "timeline", title: "Decoding step by step", component: Timeline, available: (trace) => trace.decode !== null },
  { id: "beam", title: "The beam as a tree", component: Beam, available: (trace) => trace.beam !== null || (trace.decode !== null && takesSentences(trace)) },
  { id: "training_step", title: "A step of training", component: TrainingStep, available: hasStep },
  { id: "matrix", title: "All matrices", component: Matrices, available: always },
  { id: "edit", title: "Edit and recompute", component: Edit, available: (trace) => trace.meta.kind === "lecture" || trace.meta.detail === "full+weights" },
  { id: "compare", title: "Compare", component: Compare, available: (_, page) => page.kind === "compare" },
  { id: "training", title: "Learning", component: Training, available: (_, page) => page.kind === "training" },
];
