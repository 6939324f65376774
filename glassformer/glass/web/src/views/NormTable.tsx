// What a norm does to one row, in three steps: the row, the row centred and scaled, and that times γ plus β.

import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { show } from "../numbers";
import { normOf } from "../ops/norms";
import { last, type Numbers } from "../shapes";
import { mean, rowOf } from "../vectors";

export function NormTable({ graph, norm, row }: { graph: Graph; norm: string; row: number }) {
  const tensor = graph.tensor(norm);
  const rule = normOf(tensor.op)!;
  const width = last(tensor.shape);
  const eps = Number(tensor.attributes.eps ?? 0);
  const before = Float64Array.from(rowOf(graph.values(tensor.operands.x)!, width, row));
  const after = graph.values(norm) && rowOf(graph.values(norm)!, width, row);
  const shared = rule.shared(before, eps);
  const plain = before.map((x) => rule.cell(x, shared));
  const stored = graph.statistic(norm, "deviation")?.[row];
  const trained = [tensor.operands.gain && "· γ", tensor.operands.bias && "+ β"].filter(Boolean).join(" ");
  const line = (name: string, values: Numbers, extra = 0) => (
    <tr><th scope="row">{name}</th><td>{show(tidy(mean(values)))}</td><td>{show(rule.shared(values, extra)[1])}</td></tr>
  );
  return (
    <section class="card">
      <h3>{rule.title} of this row</h3>
      <p class="muted">
        {rule.formula.replace("ε", String(eps))} over the {width} numbers of this token alone{trained && `, then ${trained}`}{rule.centred ? "." : ": nothing is subtracted."}
      </p>
      <div class="scroll">
        <table class="figures">
          <thead><tr><th scope="col">row</th><th scope="col">mean</th><th scope="col">{rule.spread}</th></tr></thead>
          <tbody>
            {line("before", before, eps)}
            {line("normalised", plain)}
            {trained && after && line(`normalised ${trained}`, after)}
          </tbody>
        </table>
      </div>
      <p>
        {stored !== undefined && <>The record's own {rule.spread} for this row is {show(stored)}. </>}
        The first number of the result is <Num graph={graph} tensor={norm} index={[row, 0]} />; choose it to see the steps in full.
      </p>
    </section>
  );
}

/** A mean that is 0 but for rounding is shown as 0. */
const tidy = (value: number): number => (Math.abs(value) < 1e-12 ? 0 : value);
