// Beside the drawing: what the chosen block does, its tensors as pictures, and the chosen tensor as a matrix.

import { useEffect, useRef } from "preact/hooks";
import { Interlinear } from "../../components/Gloss";
import { Matrix } from "../../components/Matrix";
import { Provenance } from "../../components/Provenance";
import { RunningText } from "../../components/RunningText";
import { Thumbnail } from "../../components/Thumbnail";
import type { Graph } from "../../graph";
import { shortName } from "../../labels";
import type { Tensor } from "../../record";
import { chosenBlock, chosenTensor, go } from "../../store";
import { describe, pathOf, tensorsOf } from "./blocks";

export function Details({ graph }: { graph: Graph }) {
  const [block, tensor] = [chosenBlock.value, chosenTensor.value];
  const section = useFocus(`${block} ${tensor}`);
  if (block === null) return <Overview graph={graph} />;
  const { title, what, formula } = describe(graph, block);
  return (
    <section class="map-details" aria-label={title} ref={section} tabIndex={-1}>
      <Path block={block} tensor={tensor} />
      {tensor ? <Opened graph={graph} tensor={tensor} /> : (
        <>
          <h3>{title}</h3>
          {what && <p>{what}</p>}
          {formula && <p class="formula">{formula}</p>}
          <Parts graph={graph} block={block} />
        </>
      )}
    </section>
  );
}

/** A button that opened a place is gone when the place is shown; then the focus goes to the place. */
function useFocus(shown: string) {
  const section = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current && document.activeElement === document.body) section.current?.focus({ preventScroll: true });
    first.current = false;
  }, [shown]);
  return section;
}

function Overview({ graph: { trace } }: { graph: Graph }) {
  const { model, axes } = trace;
  const facts: readonly (readonly [string, unknown])[] = [
    ["columns of a token, d_model", model.d_model],
    ["encoder + decoder layers", `${model.encoder_layers} + ${model.decoder_layers}`],
    ["heads", model.num_heads],
    ["feed-forward columns, d_ff", model.d_ff],
    ["vocabulary", model.vocab_size],
    ["positions", model.positions],
    ["norm", `${model.norm}, ${model.norm_position === "pre" ? "before" : "after"} each sublayer`],
  ];
  return (
    <section class="map-details" aria-label="The model">
      <h3>This sentence, this model</h3>
      <RunningText axis={axes.source} />
      <RunningText axis={axes.target} />
      {trace.glosses && <p dir="auto"><Interlinear trace={trace} text={axes.target.text ?? ""} /></p>}
      <dl class="map-facts">
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{String(value)}</dd></div>)}
      </dl>
      <p class="note">Choose a box: it opens into its tensors, a tensor into its numbers, and a number into the sum that made it. Backspace goes back.</p>
    </section>
  );
}

/** Where one is: decoder › layer 1 › cross attention › weights; each step a way back up. */
function Path({ block, tensor }: { block: string; tensor: string | null }) {
  const steps = pathOf(block);
  return (
    <p class="map-path">
      <button onClick={() => go({ block: null, tensor: null, cell: null })}>model</button>
      {steps.map((step) => (
        <span key={step}> › <button onClick={() => go({ block: step, tensor: null, cell: null })}>{stepName(step)}</button></span>
      ))}
      {tensor && <span> › <b>{shortName(tensor).replaceAll("_", " ")}</b></span>}
    </p>
  );
}

const stepName = (block: string): string => shortName(block).replace(/^(\d+)$/, "layer $1").replaceAll("_", " ");

function Parts({ graph, block }: { graph: Graph; block: string }) {
  const inner = innerBlocks(graph, block);
  if (inner.length) {
    return (
      <ul class="map-parts">
        {inner.map((one) => {
          const { title, what } = describe(graph, one);
          return <li key={one}><button class="map-part" onClick={() => go({ block: one, tensor: null, cell: null })}><b>{title}</b><small>{what}</small></button></li>;
        })}
      </ul>
    );
  }
  const tensors = tensorsOf(graph, block);
  if (!tensors.length) return <p class="note">The record keeps no tensors of this block. Write it again with <code>--detail full</code>.</p>;
  return <ul class="map-parts tensors">{tensors.map((tensor) => <li key={tensor.name}><TensorCard graph={graph} tensor={tensor} block={block} /></li>)}</ul>;
}

/** A stack's layers, a layer's sublayers, in the order in which they compute. */
function innerBlocks({ trace }: Graph, block: string): string[] {
  const depth = block.split(".").length;
  if (!/^(encoder|decoder)(\.\d+)?$/.test(block)) return [];
  const inner = trace.tensors.filter(({ name }) => name.startsWith(`${block}.`)).map(({ name }) => name.split(".").slice(0, depth + 1).join("."));
  return [...new Set(inner)];
}

function TensorCard({ graph, tensor, block }: { graph: Graph; tensor: Tensor; block: string }) {
  const carried = tensor.op !== "parameter" || tensor.data !== null;
  return (
    <button class="map-part" onClick={() => go({ tensor: tensor.name, cell: null })}>
      <b>{tensor.label}</b>
      <small>{nameIn(block, tensor.name)} · {tensor.shape.join(" × ")}</small>
      {carried ? <Thumbnail graph={graph} tensor={tensor.name} /> : <small>not carried</small>}
    </button>
  );
}

/** A tensor's name within its block: "query weight"; the block's own tensor keeps its last part. */
const nameIn = (block: string, name: string): string => (name === block ? shortName(name) : name.slice(block.length + 1)).replaceAll(/[_.]/g, " ");

function Opened({ graph, tensor }: { graph: Graph; tensor: string }) {
  return (
    <>
      <Provenance graph={graph} tensor={tensor} />
      <Matrix key={tensor} graph={graph} tensor={tensor} />
    </>
  );
}
