// Two models on one sentence: what each writes, where they part, and by how much their numbers differ.

import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { below, useLinked } from "../linked";
import { percent, show } from "../numbers";
import { graphs } from "../store";
import { ByWords } from "./compare/ByWords";
import { parting, sameSource } from "./compare/differences";
import { StepTable } from "./compare/StepTable";
import { TensorDifferences } from "./compare/TensorDifferences";
import "./Compare.css";

export function Compare() {
  const [a, b] = graphs.value;
  if (!b) return <Frame title="Compare" lead="This page holds one trace only; there is nothing to compare it with." />;
  const pair = [a, b] as const;
  const steps = pair.map(({ trace }) => trace.decode?.steps ?? []);
  const parted = parting(steps[0], steps[1]);
  const [step, setStep] = useLinked("step", below(Math.max(...steps.map(({ length }) => length))), parted ?? 0);
  return (
    <Frame title="Compare" lead="Two models read one sentence. See where their translations part, and which of their numbers differ.">
      <div class="comparison">
        <Translations pair={pair} />
        <h3>Step by step</h3>
        <p class="lead">{verdict(pair, parted)}</p>
        <StepTable pair={pair} parted={parted} step={step} onStep={setStep} />
        <h3>Where each looked, by words</h3>
        <p class="lead">The mean over all layers and heads; the tokens of a word are taken together. A number opens the head that looks there most.</p>
        <ByWords pair={pair} />
        <h3>Tensor by tensor</h3>
        <p class="lead">{tensorsLead(pair, parted)}</p>
        <TensorDifferences pair={pair} />
      </div>
    </Frame>
  );
}

type Pair = readonly [Graph, Graph];

const Translations = ({ pair }: { pair: Pair }) => (
  <div class="three">
    {pair.map(({ label, trace: { decode } }, i) => (
      <section key={i} class="card">
        <h3 class={i ? "second" : "first"}>{label}</h3>
        <p class="translation" dir="auto">{decode?.text ?? "nothing decoded"}</p>
        {decode && (
          <p class="muted">
            ln p {show(decode.log_prob)} over {decode.steps.length} steps, {percent(Math.exp(decode.log_prob / decode.steps.length))} a token (geometric mean){decode.finished ? "" : ", cut off"}
          </p>
        )}
      </section>
    ))}
  </div>
);

function verdict([a, b]: Pair, parted: number | null): string {
  if (parted === null) return "Both take the same token in every step. Choose a step to compare how sure they are.";
  const said = (graph: Graph) => {
    const chosen = graph.trace.decode?.steps[parted]?.chosen;
    return chosen ? `takes “${chosen.text}” (${percent(chosen.probability)})` : "has ended";
  };
  const after = parted > 0 ? " From there on they read different words." : "";
  return `They part in step ${parted + 1}: ${a.label} ${said(a)}, ${b.label} ${said(b)}.${after}`;
}

function tensorsLead([a, b]: Pair, parted: number | null): string {
  if (!sameSource(a.trace, b.trace)) {
    return "The two cut the sentence into different tokens, so only what does not depend on them can be compared number by number; above, words are compared.";
  }
  const upTo = parted === null ? "" : ` Along the target, only up to step ${parted + 1}: until there both read the same.`;
  return `What has the same name, shape and tokens in both.${upTo}`;
}
