// On every view, while something is changed: what it is, what the model now writes, and which of the two the decoder reads.

import { Choice } from "../../components/Choice";
import type { Graph } from "../../graph";
import { editsFitALink, openView } from "../../store";
import { isReadingOn, readOn, readRecorded } from "./reading";
import { spokenNow } from "./spoken";
import "./Altered.css";

const LISTED = 2; // interventions that are named

export function Altered({ graph }: { graph: Graph }) {
  if (!graph.isAltered) return null;
  const [count, patches] = [graph.edits.value.size - (isReadingOn(graph) ? 1 : 0), graph.patches.value];
  return (
    <section class="altered" aria-label="Changed">
      <p role="status">
        <b>Changed:</b> {patches.slice(0, LISTED).map(({ title }) => title).join("; ")}
        {patches.length > LISTED && ` and ${patches.length - LISTED} more interventions`}
        {patches.length > 0 && count > 0 && "; "}
        {count > 0 && (count === 1 ? "one tensor was edited" : `${count} tensors were edited`)}.
        {!editsFitALink.value && " The edits are too many for a link: the address leaves them out."}
        {" "}Everything on this page that is computed from it is computed anew.
      </p>
      <Writes graph={graph} />
      <p class="altered-do">
        <button onClick={() => openView("edit")}>See what moved</button>
        <button onClick={() => graph.reset()}>Undo all</button>
      </p>
    </section>
  );
}

function Writes({ graph }: { graph: Graph }) {
  const before = graph.recorded.decode?.text;
  const said = spokenNow(graph);
  if (before === undefined || !graph.recorded.vocabulary) return null;
  const differs = said !== null && said.text !== before;
  return (
    <>
      <p>
        {differs ? <>The model writes <b><bdi>{said.text}</bdi></b> instead of <s><bdi>{before}</bdi></s>.</> : said ? <>The model still writes <bdi>{before}</bdi>.</> : "The model writes …"}
      </p>
      {(differs || isReadingOn(graph)) && graph.has("target.ids") && (
        <div>
          <Choice label="The decoder reads" value={isReadingOn(graph) ? "now" : "before"} options={[["before", "what it wrote before"], ["now", "what it writes now"]]}
            onChange={(which) => (which === "now" && said ? readOn(graph, said.ids) : readRecorded(graph))} />{" "}
          <small class="muted">{isReadingOn(graph) ? "Each step follows the new words, as when the model writes by itself." : "Each step follows the old words, so that nothing but the change differs."}</small>
        </div>
      )}
    </>
  );
}

/** In the header: the translation as it is now, beside the recorded one. */
export function TitleNow({ graph }: { graph: Graph }) {
  if (!graph.isAltered || !graph.recorded.vocabulary) return null;
  const said = spokenNow(graph);
  if (!said || said.text === graph.recorded.decode?.text) return null;
  return <p class="title-now">now → <bdi>{said.text}</bdi></p>;
}
