// What a norm does to one row, in three steps: the row, the row centred and scaled, and that times γ plus β.

import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { show } from "../numbers";
import { last } from "../shapes";
import { deviation, mean, rootMeanSquare, rowOf } from "./vectors";

export function NormTable({ graph, norm, row }: { graph: Graph; norm: string; row: number }) {
  const tensor = graph.tensor(norm);
  const width = last(tensor.shape);
  const eps = Number(tensor.attributes.eps ?? 0);
  const centred = tensor.op === "layernorm";
  const before = Float64Array.from(rowOf(graph.values(tensor.operands.x)!, width, row));
  const after = graph.values(norm) && rowOf(graph.values(norm)!, width, row);
  const [middle, spread] = centred ? [mean(before), deviation(before, eps)] : [0, rootMeanSquare(before, eps)];
  const plain = before.map((x) => (x - middle) / spread);
  const stored = graph.statistic(norm, "deviation")?.[row];
  const trained = [tensor.operands.gain && "· γ", tensor.operands.bias && "+ β"].filter(Boolean).join(" ");
  const measure = centred ? deviation : rootMeanSquare;
  const line = (name: string, values: ArrayLike<number>, extra = 0) => (
    <tr><th scope="row">{name}</th><td>{show(tidy(mean(values)))}</td><td>{show(measure(values, extra))}</td></tr>
  );
  return (
    <section class="card">
      <h3>{centred ? "Layer norm" : "RMS norm"} of this row</h3>
      <p class="muted">
        {centred
          ? `(x − mean) / √(variance + ${eps}) over the ${width} numbers of this token alone${trained ? ", then " + trained : ""}.`
          : `x / √(mean of x² + ${eps}) over the ${width} numbers of this token alone${trained ? ", then " + trained : ""}: nothing is subtracted.`}
      </p>
      <div class="scroll">
        <table class="figures">
          <thead><tr><th scope="col">row</th><th scope="col">mean</th><th scope="col">{centred ? "deviation" : "root mean square"}</th></tr></thead>
          <tbody>
            {line("before", before, eps)}
            {line("normalised", plain)}
            {trained && after && line(`normalised ${trained}`, after)}
          </tbody>
        </table>
      </div>
      <p>
        {stored !== undefined && <>The record's own {centred ? "deviation" : "root mean square"} for this row is {show(stored)}. </>}
        The first number of the result is <Num graph={graph} tensor={norm} index={[row, 0]} />; choose it to see the steps in full.
      </p>
    </section>
  );
}

/** A mean that is 0 but for rounding is shown as 0. */
const tidy = (value: number): number => (Math.abs(value) < 1e-12 ? 0 : value);
