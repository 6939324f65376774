// The inputs of the lecture's example in grids to type in, and beside them all that is made from them.

import type { Graph } from "../../graph";
import type { Tensor } from "../../record";
import { shortName } from "../../labels";
import { EditGrid } from "./EditGrid";
import { isEditable } from "./editing";

/** The parts of the example; what a record does not hold is left out. */
const PARTS = [
  { title: "Attention, from the embeddings to add and norm", prefix: "" },
  { title: "The same in two heads", prefix: "heads" },
  { title: "Feed-forward", prefix: "feed_forward" },
  { title: "Masked attention", prefix: "masked" },
  { title: "Cross-attention", prefix: "cross" },
  { title: "Decoding", prefix: "decode" },
] as const;

export function LectureInputs({ graph }: { graph: Graph }) {
  return (
    <section class="card">
      <h3>The desk</h3>
      <p class="muted">Type another number into a grid with fields; everything below it follows at once. Numbers that moved are marked; any number opens its sum.</p>
      {PARTS.map(({ title, prefix }) => <Part key={prefix} graph={graph} title={title} tensors={graph.trace.tensors.filter(({ name, shape }) => prefixOf(name) === prefix && shape.length === 2)} open={prefix === ""} />)}
    </section>
  );
}

const prefixOf = (name: string): string => (name.includes(".") ? name.slice(0, name.indexOf(".")) : "");

function Part({ graph, title, tensors, open }: { graph: Graph; title: string; tensors: readonly Tensor[]; open: boolean }) {
  const given = tensors.filter((tensor) => isEditable(tensor) && tensor.dtype.startsWith("float"));
  const made = tensors.filter((tensor) => !isEditable(tensor));
  if (tensors.length === 0) return null;
  return (
    <details class="desk" open={open}>
      <summary>{title}</summary>
      {given.length > 0 && <div class="desk-grids">{given.map((tensor) => <EditGrid key={tensor.name} graph={graph} tensor={tensor} title={titleOfGrid(tensor)} editable />)}</div>}
      <div class="desk-grids">{made.map((tensor) => <EditGrid key={tensor.name} graph={graph} tensor={tensor} title={titleOfGrid(tensor)} />)}</div>
    </details>
  );
}

const titleOfGrid = ({ label, name }: Tensor): string => (label === shortName(name) ? label : `${label} · ${shortName(name).replaceAll("_", " ")}`);
