// Both decode loops, row by row; a row opens what each weighed in that step.

import type { Graph } from "../../graph";
import { percent } from "../../numbers";
import type { Step } from "../../record";
import { go } from "../../store";
import { Candidates } from "../decoding/Candidates";

interface Props {
  pair: readonly [Graph, Graph];
  parted: number | null;
  step: number;
  onStep(step: number): void;
}

export function StepTable({ pair, parted, step, onStep }: Props) {
  const [a, b] = pair.map(({ trace }) => trace.decode?.steps ?? []);
  const rows = Math.max(a.length, b.length);
  return (
    <div class="steps-side-by-side">
      <div class="step-table">
        <table>
          <thead>
            <tr><th scope="col">step</th><th scope="col" class="first">{pair[0].label}</th><th scope="col" class="second">{pair[1].label}</th></tr>
          </thead>
          <tbody>
            {Array.from({ length: rows }, (_, i) => (
              <tr key={i} class={`${i === parted ? "parted" : ""} ${i === step ? "on" : ""}`}>
                <th scope="row">
                  <button aria-pressed={i === step} aria-label={`step ${i + 1}${i === parted ? ", here they part" : ""}`} onClick={() => onStep(i)}>{i + 1}</button>
                </th>
                <Taken step={a[i]} />
                <Taken step={b[i]} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="both-candidates">
        {pair.map((graph, i) => {
          const one = graph.trace.decode?.steps[step];
          return (
            <section key={i} class="card">
              <h4 class={i ? "second" : "first"}>{graph.label}: {one ? <>step {step + 1}, after <bdi>{one.read.text}</bdi></> : "has ended"}</h4>
              {one && <Candidates graph={graph} step={one} tone={i ? "second" : "first"} onOpen={(tensor, cell) => go({ trace: i, tensor, cell })} />}
            </section>
          );
        })}
      </div>
    </div>
  );
}

function Taken({ step }: { step: Step | undefined }) {
  return <td>{step ? <><bdi>{step.chosen.text}</bdi> <span class="muted">{percent(step.chosen.probability)}</span></> : <span class="muted">ended</span>}</td>;
}
