// The chosen node of the beam: its path as text, its score spelled out, and what it competed with.

import type { Graph } from "../../graph";
import { show } from "../../numbers";
import type { Beam, BeamNode } from "../../record";
import { hasColumn, outputs } from "../decoding/output";
import { spell } from "../../pieces";
import { Num } from "../../components/Num";
import { SIGNS } from "./states";
import { arithmetic, pathTo, rivals } from "./tree";

interface Props {
  graph: Graph;
  beam: Beam;
  node: BeamNode;
  onChoose(id: number): void;
}

export function Chosen({ graph, beam, node, onChoose }: Props) {
  const path = pathTo(beam, node.id);
  const end = graph.trace.decode?.steps.at(-1)?.chosen;
  const words = path.filter(({ token }) => !(graph.trace.decode?.finished && token === end?.id));
  return (
    <section class="card beam-chosen" aria-label="The chosen node">
      <p class="beam-text" dir="auto" aria-live="polite">{spell(words.map(({ piece }) => piece)) || node.text}</p>
      <p class="muted">{FATE[node.state](beam, node)}</p>
      <h3>Its score</h3>
      <p class="formula">score = Σ ln p / ((5 + length) / 6)^α,  α = {beam.length_penalty}</p>
      <p class="formula">= {arithmetic(beam, node.id)}</p>
      <div class="beam-tables">
        {path.length > 0 && <Path graph={graph} beam={beam} path={path} />}
        {node.parent !== null && <Rivals beam={beam} node={node} onChoose={onChoose} />}
      </div>
    </section>
  );
}

const FATE: { readonly [state in BeamNode["state"]]: (beam: Beam, node: BeamNode) => string } = {
  best: () => "On the path that won.",
  kept: ({ nodes }, { id }) =>
    nodes.some(({ parent }) => parent === id) ? "Kept, and continued in the next step." : "Kept, but not continued: the search was over.",
  finished: () => "A finished translation; another one has the better score.",
  pruned: ({ width }) => `Dropped: the best ${width} of this step had greater sums.`,
};

function Path({ graph, beam, path }: { graph: Graph; beam: Beam; path: BeamNode[] }) {
  return (
    <div class="beam-table" tabIndex={0} role="group" aria-label="The path, token by token">
      <table>
        <caption>Token by token</caption>
        <thead><tr><th scope="col">step</th><th scope="col">token</th><th scope="col">ln p</th><th scope="col">sum</th></tr></thead>
        <tbody>
          {path.map((node) => (
            <tr key={node.id}>
              <td>{node.step}</td>
              <th scope="row"><bdi>{node.text.trim() || node.piece}</bdi></th>
              <td><LogProbability graph={graph} beam={beam} node={node} /></td>
              <td>{show(node.sum)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Continuations of the winner's path are cells of the recorded output; of others only this number is kept. */
function LogProbability({ graph, beam, node }: { graph: Graph; beam: Beam; node: BeamNode }) {
  const name = outputs(graph)?.probabilities;
  const onPath = node.parent !== null && beam.nodes[node.parent].state === "best";
  const carried = onPath && name !== undefined && hasColumn(graph, name, node.token);
  return carried ? <Num graph={graph} tensor={name} index={[node.step - 1, node.token]} text={show(node.log_prob)} /> : <>{show(node.log_prob)}</>;
}

function Rivals({ beam, node, onChoose }: Omit<Props, "graph">) {
  return (
    <div class="beam-table" tabIndex={0} role="group" aria-label="What competed in this step">
      <table>
        <caption>All that competed in step {node.step}, siblings marked</caption>
        <thead><tr><th scope="col">fate</th><th scope="col">continues</th><th scope="col">with</th><th scope="col">sum</th><th scope="col">score</th></tr></thead>
        <tbody>
          {rivals(beam, node).map((one) => (
            <tr key={one.id} class={one.parent === node.parent ? "sibling" : ""} aria-current={one.id === node.id ? "true" : undefined}>
              <td><span aria-hidden="true">{SIGNS[one.state]}</span> {one.state}</td>
              <td><bdi>{beam.nodes[one.parent!].text}</bdi>{one.parent === node.parent && one.id !== node.id && <small class="muted"> sibling</small>}</td>
              <th scope="row"><button onClick={() => onChoose(one.id)}><bdi>{one.text.trim() || one.piece}</bdi></button></th>
              <td>{show(one.sum)}</td>
              <td>{show(one.score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
