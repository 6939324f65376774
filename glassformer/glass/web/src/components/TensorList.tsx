// The record's tensors as a tree that opens: encoder, layer 0, self attention, and there "query", "key", ...

import { useMemo } from "preact/hooks";
import type { Graph } from "../graph";
import { shortName } from "../labels";
import type { Tensor } from "../record";
import { chosenTensor, openTensor } from "../store";
import "./TensorList.css";
import { isBranch, treeOf, type Branch } from "./tensorTree";

export function TensorList({ graph }: { graph: Graph }) {
  const root = useMemo(() => treeOf(graph.trace.tensors), [graph]);
  return (
    <nav class="tensor-list" aria-label="Tensors">
      <Items branch={root} />
    </nav>
  );
}

function Items({ branch }: { branch: Branch }) {
  const tensor = chosenTensor.value;
  const holds = (one: Branch): boolean => one.items.some((item) => (isBranch(item) ? holds(item) : item.name === tensor));
  const isSecond = (one: Branch, i: number) => branch.items.slice(0, i).some((before) => isBranch(before) && before.name === one.name);
  return (
    <ul>
      {branch.items.map((one, i) => (
        <li key={`${one.name} ${i}`}>
          {isBranch(one) ? (
            <details open={tensor !== null && holds(one)}>
              <summary>{title(one.name)}{isSecond(one, i) && ", continued"}</summary>
              <Items branch={one} />
            </details>
          ) : <TensorButton tensor={one} within={branch.name} />}
        </li>
      ))}
    </ul>
  );
}

const title = (name: string): string => shortName(name).replace(/^(\d+)$/, "layer $1").replaceAll("_", " ");

function TensorButton({ tensor, within }: { tensor: Tensor; within: string }) {
  const on = chosenTensor.value === tensor.name;
  const name = tensor.name.startsWith(`${within}.`) ? tensor.name.slice(within.length + 1) : tensor.name;
  return (
    <button class="tensor" aria-current={on ? "true" : undefined} title={tensor.name} onClick={() => openTensor(tensor.name)}>
      <b>{tensor.label}</b> <span class="muted">{name.replaceAll(/[_.]/g, " ")} · {tensor.shape.join("×")}</span>
    </button>
  );
}
