// Any one number that nothing else makes: a weight, an id, a mask, a position.

import { useState } from "preact/hooks";
import { onEnter } from "../../components/enter";
import { Matrix } from "../../components/Matrix";
import type { Graph } from "../../graph";
import { blockOf } from "../../labels";
import { show } from "../../numbers";
import type { Tensor } from "../../record";
import { flatten } from "../../shapes";
import { chosenTensor, go, place } from "../../store";
import { grouped, isEditable, numberIn, refusal, setCells } from "./editing";

export function ChangeNumber({ graph }: { graph: Graph }) {
  const leaves = graph.trace.tensors.filter(isEditable);
  const opened = chosenTensor.value ? graph.tensor(chosenTensor.value) : null;
  const tensor = opened && isEditable(opened) ? opened : (leaves.find(({ op }) => op === "parameter") ?? leaves[0]);
  const blocks = grouped(leaves, ({ name }) => blockOf(name));
  return (
    <>
      <div class="controls">
        <label class="choice">
          Matrix
          <select value={tensor.name} onChange={(event) => go({ tensor: event.currentTarget.value, cell: null })}>
            {blocks.map(([block, own]) => (
              <optgroup key={block} label={block || "other"}>
                {own.map(({ name, shape }) => <option key={name} value={name}>{`${name} (${shape.join(" × ")})`}</option>)}
              </optgroup>
            ))}
          </select>
        </label>
        <Value key={tensor.name} graph={graph} tensor={tensor} />
      </div>
      {opened && opened !== tensor && <p class="note"><code>{opened.name}</code> is computed; change what it is made from.</p>}
      <Matrix graph={graph} tensor={tensor.name} />
    </>
  );
}

function Value({ graph, tensor }: { graph: Graph; tensor: Tensor }) {
  const { cell, tensor: name } = place.value;
  const index = name === tensor.name && cell ? cell : null;
  if (!index) return <span class="muted">Choose one of its cells below.</span>;
  const flat = flatten(tensor.shape, index);
  return <Field key={flat} graph={graph} tensor={tensor} flat={flat} name={`${tensor.label}[${index.join(",")}]`} />;
}

function Field({ graph, tensor, flat, name }: { graph: Graph; tensor: Tensor; flat: number; name: string }) {
  const now = graph.values(tensor.name)![flat];
  const [text, setText] = useState(String(now));
  const [problem, setProblem] = useState<string | null>(null);
  const submit = () => {
    const value = numberIn(text);
    const refused = refusal(graph, tensor, value);
    setProblem(refused);
    if (!refused) setCells(graph, tensor.name, [[flat, value]]);
  };
  return (
    <div class="choice number-box">
      <label class="choice">{name}, now {show(now)}, becomes <input class="new-value" inputMode="decimal" value={text} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={onEnter(submit)} /></label>
      <button class="do" onClick={submit}>Set it</button>
      {problem && <span role="alert" class="problem">{problem}</span>}
    </div>
  );
}
