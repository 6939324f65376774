// Edit and recompute: change a word, a head, a weight, and see all that follows, computed here in the page.

import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { oneOf, optional, useLinked } from "../linked";
import { chosenTensor } from "../store";
import { ChangeHead } from "./edit/ChangeHead";
import { ChangeNumber } from "./edit/ChangeNumber";
import { ChangeWord } from "./edit/ChangeWord";
import { Changed } from "./edit/Changed";
import { LectureInputs } from "./edit/LectureInputs";
import { attentions } from "./edit/editing";
import { HideWord } from "./edit/HideWord";
import { Moved } from "./edit/Moved";
import { Prediction } from "./edit/Prediction";
import "./edit/Edit.css";
import "./Layered.css";

const LEAD = "Change a number, and everything that is made from it is computed anew, here in the page. Look how far a change reaches, and whether it changes what is said.";

export function Edit({ graph }: { graph: Graph }) {
  const lecture = graph.trace.meta.kind === "lecture";
  return (
    <Frame title="Edit and recompute" lead={LEAD}>
      <div class="layered">
        {lecture ? <LectureInputs graph={graph} /> : <Experiments graph={graph} />}
        <Changed graph={graph} />
        {!lecture && graph.trace.vocabulary && <Prediction graph={graph} />}
        <Moved graph={graph} />
      </div>
    </Frame>
  );
}

const EXPERIMENTS = { word: ChangeWord, hide: HideWord, head: ChangeHead, number: ChangeNumber };
type Experiment = keyof typeof EXPERIMENTS;

function Experiments({ graph }: { graph: Graph }) {
  const { vocabulary } = graph.trace;
  const options: [Experiment, string][] = [
    ...(vocabulary ? [["word", "a word"] as [Experiment, string]] : []),
    ["hide", "hide a word"],
    ...(attentions(graph).length ? [["head", "silence a head"] as [Experiment, string]] : []),
    ["number", "any number"],
  ];
  const [wanted, setWanted] = useLinked<Experiment | null>("change", optional(oneOf(options.map(([id]) => id))), null);
  const chosen = wanted ?? (chosenTensor.value || !vocabulary ? "number" : "word");
  const Chosen = EXPERIMENTS[chosen];
  return (
    <section class="card">
      <h3>Your change</h3>
      <div class="controls edit-kinds"><Choice label="Change" value={chosen} options={options} onChange={setWanted} /></div>
      <Chosen graph={graph} />
    </section>
  );
}
