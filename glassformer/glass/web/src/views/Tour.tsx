// The lecture as a guided tour of this page: each stop with its four lines, its formula, and the record's own numbers.

import { useEffect, useRef } from "preact/hooks";
import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { oneOf, useLinked } from "../linked";
import type { Stop } from "../record";
import { choosing, go } from "../store";
import { Ask } from "./tour/Ask";
import { Formula } from "./tour/Formula";
import { Live } from "./tour/Live";
import { Measured } from "./tour/Measured";
import { Present, usePresenting } from "./tour/Present";
import "./Tour.css";

interface Link {
  readonly id: string;
  readonly title: string;
}

/** `views`: those that the tour may lead to. */
export function Tour({ graph, views }: { graph: Graph; views: readonly Link[] }) {
  const stops = graph.trace.tour;
  const ids = stops.map(({ id }) => id);
  const [id] = useLinked("stop", oneOf(ids), ids[0]); // whoever comes back to the tour resumes it here
  const at = ids.indexOf(id);
  const stop = stops[at];
  const article = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) article.current?.scrollIntoView({ block: "nearest" });
    first.current = false;
  }, [at]);
  const visit = (to: number) => go({ tensor: null, cell: null, choices: choosing("stop", to ? ids[to] : null) });
  const [presenting, setPresenting] = usePresenting();
  if (presenting) return <Present graph={graph} stops={stops} at={at} />;
  return (
    <Frame title="Guided tour" lead={LEADS[graph.trace.meta.kind]}>
      <div class="tour-bar">
        <Progress stops={stops} at={at} onVisit={visit} />
        <button onClick={() => setPresenting(true)}>Present</button>
      </div>
      <article class="stop-page" aria-labelledby="stop-title" ref={article}>
        <header class="stop-header">
          <h3 id="stop-title"><span class="stop-number">{at + 1}</span> {stop.title}</h3>
          <Arrows at={at} of={stops.length} onVisit={visit} />
        </header>
        <dl class="four-lines">
          {LINES.map(([field, words]) => <div key={field} class={field}><dt>{words}</dt><dd>{stop[field]}</dd></div>)}
        </dl>
        <div class="stop-formula card"><Formula text={stop.formula} /></div>
        <Measured graph={graph} stop={stop} />
        <p class="see-it"><SeeIt graph={graph} view={views.find(({ id }) => id === stop.view)} stop={stop} /></p>
        <Ask graph={graph} stop={stop} />
        <Live key={stop.id} graph={graph} stop={stop} />
        {stop.tensors.length > 0 && <Arrows at={at} of={stops.length} onVisit={visit} />}
      </article>
    </Frame>
  );
}

const LEADS = {
  lecture: "The lecture's worked example from its first stop to its last. Every number below opens and shows how it was made.",
  translation: "The lecture, stop by stop, on this model and this sentence. Every number below opens and shows how it was made.",
};

const LINES = [
  ["motivation", "Motivation"],
  ["concept", "Concept"],
  ["helps", "How it helps"],
  ["takeaway", "Takeaway"],
] as const;

interface Walk {
  at: number;
  onVisit(stop: number): void;
}

const Progress = ({ stops, at, onVisit }: Walk & { stops: readonly Stop[] }) => (
  <nav aria-label="Stops of the tour">
    <ol class="progress">
      {stops.map(({ id, title }, i) => (
        <li key={id}>
          <button aria-current={i === at ? "step" : undefined} class={i < at ? "passed" : ""} aria-label={`${i + 1}. ${title}`} title={title}
            onClick={() => onVisit(i)}>{i + 1}</button>
        </li>
      ))}
    </ol>
  </nav>
);

const Arrows = ({ at, of, onVisit }: Walk & { of: number }) => (
  <p class="arrows">
    <button disabled={at === 0} onClick={() => onVisit(at - 1)}>← Previous</button>
    <button class="next" disabled={at === of - 1} onClick={() => onVisit(at + 1)}>Next →</button>
  </p>
);

function SeeIt({ graph, view, stop }: { graph: Graph; view: Link | undefined; stop: Stop }) {
  if (!view) return null;
  const tensor = stop.view === "matrix" ? (stop.tensors.find((name) => graph.has(name)) ?? null) : null;
  return <button onClick={() => go({ view: view.id, block: null, tensor, cell: null })}>See it in “{view.title}” →</button>;
}
