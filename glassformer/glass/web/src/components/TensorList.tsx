// The record's tensors as a tree that opens: encoder, layer 0, self attention, and there "query", "key", ...

import type { Graph } from "../graph";
import { shortName, sublayerOf } from "../labels";
import type { Tensor } from "../record";
import { chosenTensor, openTensor } from "../store";
import "./TensorList.css";

interface Branch {
  readonly name: string; // "encoder.0.self_attention"
  readonly branches: Branch[];
  readonly tensors: Tensor[];
}

export function TensorList({ graph }: { graph: Graph }) {
  return (
    <nav class="tensor-list" aria-label="Tensors">
      <Branches branch={treeOf(graph.trace.tensors)} />
    </nav>
  );
}

/** Tensors by block, blocks inside their layer, layers inside their stack; in the order of the record. */
function treeOf(tensors: readonly Tensor[]): Branch {
  const root: Branch = { name: "", branches: [], tensors: [] };
  for (const tensor of tensors) {
    let branch = root;
    const block = sublayerOf(tensor.name);
    const alone = block === tensor.name && !root.branches.some(({ name }) => name === block);
    if (!alone) for (const name of pathTo(block)) branch = within(branch, name);
    branch.tensors.push(tensor);
  }
  return root;
}

const pathTo = (block: string): string[] => block.split(".").map((_, i, parts) => parts.slice(0, i + 1).join("."));

function within(branch: Branch, name: string): Branch {
  const found = branch.branches.find((one) => one.name === name);
  if (found) return found;
  const made: Branch = { name, branches: [], tensors: [] };
  branch.branches.push(made);
  return made;
}

function Branches({ branch }: { branch: Branch }) {
  const tensor = chosenTensor.value;
  return (
    <ul>
      {branch.branches.map((one) => (
        <li key={one.name}>
          <details open={tensor !== null && (tensor === one.name || tensor.startsWith(`${one.name}.`))}>
            <summary>{title(one.name)}</summary>
            <Branches branch={one} />
          </details>
        </li>
      ))}
      {branch.tensors.map((one) => <li key={one.name}><TensorButton tensor={one} /></li>)}
    </ul>
  );
}

const title = (name: string): string => shortName(name).replace(/^(\d+)$/, "layer $1").replaceAll("_", " ");

function TensorButton({ tensor }: { tensor: Tensor }) {
  const on = chosenTensor.value === tensor.name;
  const block = sublayerOf(tensor.name);
  const name = tensor.name === block ? tensor.name : tensor.name.slice(block.length + 1);
  return (
    <button class="tensor" aria-current={on ? "true" : undefined} title={tensor.name} onClick={() => openTensor(tensor.name)}>
      <b>{tensor.label}</b> <span class="muted">{name.replaceAll("_", " ")} · {tensor.shape.join("×")}</span>
    </button>
  );
}
