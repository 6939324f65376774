// Where a token stands, as the model is told: by a pattern added to the embedding, or by turning queries and keys.

import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Matrix } from "../components/Matrix";
import type { Graph } from "../graph";
import { oneOf, useLinked } from "../linked";
import type { Tensor } from "../record";
import "./Positions.css";
import { PositionsOffsets } from "./PositionsOffsets";
import { PositionsRotary } from "./PositionsRotary";
import { PositionsSum } from "./PositionsSum";
import { PositionsWaves } from "./PositionsWaves";

/** The positions that are added: computed from the formula, or looked up in a learned table by place. */
const isAdded = ({ op, name, operands }: Tensor): boolean =>
  op === "positions" || (op === "lookup" && (operands.ids?.endsWith(".places") ?? name.endsWith(".position")));

export const hasPositions = (tensors: readonly Tensor[]): boolean => tensors.some((one) => isAdded(one) || one.op === "rotary");

export function Positions({ graph }: { graph: Graph }) {
  const added = graph.trace.tensors.filter(isAdded);
  return added.length > 0 ? <Added graph={graph} tensors={added} /> : <PositionsRotary graph={graph} />;
}

function Added({ graph, tensors }: { graph: Graph; tensors: readonly Tensor[] }) {
  const [name, setName] = useLinked("of", oneOf(tensors.map((one) => one.name)), tensors[0].name);
  const tensor = graph.tensor(name);
  const learned = tensor.op === "lookup";
  const lead = learned
    ? "Attention itself knows no order, so each place has a learned row of numbers that is added to the word's embedding. Rows are places, columns are dimensions."
    : "Attention itself knows no order, so each place adds its own pattern of sines and cosines: fast waves on the left, slow ones on the right, like the hands of many clocks.";
  return (
    <Frame title="Positions" lead={lead}>
      {tensors.length > 1 && (
        <Choice label="places of the" value={name} options={tensors.map((one) => [one.name, one.axes[0]] as const)} onChange={setName} />
      )}
      <h3 class="positions-heading">The pattern</h3>
      <Matrix key={name} graph={graph} tensor={name} />
      {!learned && <PositionsWaves key={`${name} waves`} graph={graph} tensor={tensor} />}
      <PositionsSum key={`${name} sum`} graph={graph} tensor={tensor} />
      {!learned && <PositionsOffsets key={`${name} offsets`} graph={graph} tensor={tensor} />}
    </Frame>
  );
}
