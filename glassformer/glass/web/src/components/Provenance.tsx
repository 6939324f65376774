// A tensor's name, what made it from what, and what is made from it; every tensor named is a way there.

import type { Graph } from "../graph";
import { pastTense, symbolsOf } from "../labels";
import { openTensor } from "../store";
import "./Provenance.css";

export function Provenance({ graph, tensor: name }: { graph: Graph; tensor: string }) {
  const tensor = graph.tensor(name);
  const operands = Object.values(tensor.operands);
  const consumers = graph.consumers(name);
  const [own, ...symbols] = symbolsOf([tensor, ...operands.map((one) => graph.tensor(one)), ...consumers]);
  return (
    <div class="provenance">
      <h3><bdi>{own}</bdi> <code>{tensor.name}</code> <span class="muted">{tensor.shape.join(" × ")}</span></h3>
      <p>
        {pastTense(tensor)}{operands.map((one, i) => <span key={one}>{i > 0 ? ", " : " "}<TensorLink tensor={one} symbol={symbols[i]} /></span>)}.
        {consumers.length > 0 && <> Goes into {consumers.map((one, i) => <span key={one.name}>{i > 0 && ", "}<TensorLink tensor={one.name} symbol={symbols[operands.length + i]} /></span>)}.</>}
      </p>
    </div>
  );
}

export function TensorLink({ tensor, symbol }: { tensor: string; symbol: string }) {
  return <button class="link" title={tensor} onClick={() => openTensor(tensor)}>{symbol}</button>;
}
