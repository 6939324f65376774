// What a stop of the tour shows of this very record: its tokens, its decode loop, its tensors.

import { Matrix } from "../../components/Matrix";
import { Num } from "../../components/Num";
import { RunningText } from "../../components/RunningText";
import type { Graph } from "../../graph";
import { pastTense } from "../../labels";
import { percent } from "../../numbers";
import type { Axis, Stop } from "../../record";
import { go } from "../../store";
import { outputs } from "../decoding/output";
import { Checks } from "./Checks";
import { Maths } from "./Formula";

export function Live({ graph, stop }: { graph: Graph; stop: Stop }) {
  const carried = stop.tensors.filter((name) => graph.has(name));
  const missing = stop.tensors.filter((name) => !graph.has(name));
  const texts = stop.view === "tokens";
  return (
    <div class="live">
      {texts && <Texts graph={graph} />}
      {stop.view === "timeline" && graph.trace.decode && <Loop graph={graph} />}
      {!texts && carried.map((name) => <One key={name} graph={graph} name={name} />)}
      {missing.length > 0 && (
        <p class="note">This record was written with the detail “{graph.trace.meta.detail}” and leaves out {missing.join(", ")}.</p>
      )}
    </div>
  );
}

function One({ graph, name }: { graph: Graph; name: string }) {
  const tensor = graph.tensor(name);
  const made = [pastTense(tensor), Object.values(tensor.operands).map((one) => graph.tensor(one).label).join(", ")].filter(Boolean).join(" ");
  return (
    <section class={`card live-tensor ${tensor.shape.at(-1)! > 16 ? "wide" : ""}`}>
      <h4>
        <span class="live-label"><Maths text={tensor.label} /></span>
        <button class="live-name" title="Open it among all matrices" onClick={() => go({ view: "matrix", tensor: name, cell: null, block: null })}>
          <code>{name}</code>
        </button>
      </h4>
      <p class="muted">{made}. {tensor.shape.join(" × ")}</p>
      <Matrix graph={graph} tensor={name} />
      <Checks graph={graph} tensor={name} />
    </section>
  );
}

function Texts({ graph }: { graph: Graph }) {
  return (
    <>
      {(["source", "target"] as const).map((side) => {
        const axis = graph.trace.axes[side];
        return axis?.tokens && (
          <section key={side} class="card wide">
            <h4><span class="live-label">{side}</span></h4>
            <RunningText axis={axis} />
            <Ids graph={graph} name={`${side}.ids`} axis={axis} />
          </section>
        );
      })}
    </>
  );
}

function Ids({ graph, name, axis }: { graph: Graph; name: string; axis: Axis }) {
  return (
    <ol class="ids" aria-label="Tokens and their ids">
      {axis.tokens!.map((token, i) => (
        <li key={i}>
          <bdi>{token.text || token.piece}</bdi>
          {graph.has(name) ? <Num graph={graph} tensor={name} index={[i]} /> : <code>{token.id}</code>}
        </li>
      ))}
    </ol>
  );
}

/** The decode loop in a table: what is read, what is taken, how probable that was. */
function Loop({ graph }: { graph: Graph }) {
  const tensor = outputs(graph)?.probabilities;
  return (
    <section class="card wide">
      <table class="loop-table">
        <thead><tr><th scope="col">step</th><th scope="col">reads</th><th scope="col">takes</th><th scope="col">probability</th></tr></thead>
        <tbody>
          {graph.trace.decode!.steps.map(({ step, read, chosen }) => (
            <tr key={step}>
              <td>{step + 1}</td>
              <td><bdi>{read.text}</bdi></td>
              <td><b><bdi>{chosen.text}</bdi></b></td>
              <td>
                <span class="bar"><span style={{ width: `${chosen.probability * 100}%` }} /></span>
                {tensor ? <Num graph={graph} tensor={tensor} index={[step, chosen.id]} text={percent(chosen.probability)} /> : percent(chosen.probability)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
