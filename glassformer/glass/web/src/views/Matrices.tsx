// All tensors of the record, in the model's order: stack, layer, sublayer; any of them opens as a matrix.

import { Frame } from "../components/Frame";
import { Matrix } from "../components/Matrix";
import { Provenance } from "../components/Provenance";
import { TensorList } from "../components/TensorList";
import type { Graph } from "../graph";
import { chosenTensor } from "../store";
import "./Matrices.css";

export function Matrices({ graph }: { graph: Graph }) {
  const tensor = chosenTensor.value;
  return (
    <Frame title="All matrices" lead={`Every tensor of the record, ${graph.trace.tensors.length} of them, in the order in which they are made.`}>
      <div class="matrices">
        <TensorList graph={graph} />
        {tensor === null ? <p class="note">Choose a tensor.</p> : (
          <div key={tensor}>
            <Provenance graph={graph} tensor={tensor} />
            <Matrix graph={graph} tensor={tensor} />
          </div>
        )}
      </div>
    </Frame>
  );
}
