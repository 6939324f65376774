// The question: this word against that one, at which step of which sentence, and the second sentence beside it.

import type { ComponentChildren } from "preact";
import { Glossed, Interlinear } from "../../components/Gloss";
import type { Graph } from "../../graph";
import { percent, show } from "../../numbers";
import type { Cause, Trace } from "../../record";
import { spell } from "../../pieces";
import { MEASURES, odds, written } from "./effects";
import { recorded, there } from "./says";

export function Question({ graph }: { graph: Graph }) {
  const trace = graph.recorded;
  const cause = trace.cause!;
  const { a, b } = cause.contrast;
  const differs = differences(trace);
  return (
    <section class="card" aria-labelledby="why-question">
      <h3 id="why-question" class="why-question">Why <span class="word-a"><Glossed trace={trace} token={a} /></span> and not <span class="word-b"><Glossed trace={trace} token={b} /></span>?</h3>
      <div class="why-sentences">
        <Sentence title="This sentence" source={<Source pieces={trace.axes.source.tokens!.map(({ piece }) => piece)} differs={differs[0]} />} target={<Interlinear trace={trace} text={trace.decode?.text ?? ""} />}>
          <Chances trace={trace} cause={cause} probability={(id) => recorded(trace, id)} contrast={cause.clean} />
        </Sentence>
        {cause.second && (
          <Sentence title="The second sentence" source={<Source pieces={cause.second.tokens.map(({ piece }) => piece)} differs={differs[1]} />} target={<Interlinear trace={trace} text={cause.second.translation} />}>
            <Chances trace={trace} cause={cause} probability={there(graph)} contrast={cause.other!} />
          </Sentence>
        )}
      </div>
      <p><Where trace={trace} cause={cause} /></p>
      {cause.contrast.measure === "logit_difference" && <p class="muted"><Measures cause={cause} /></p>}
    </section>
  );
}

/** At which step, and what the decoder has read by then: in both runs the words of the first translation. */
function Where({ trace, cause: { contrast: { step }, second } }: { trace: Trace; cause: Cause }) {
  const before = spell(trace.decode?.steps.slice(0, step).map(({ chosen }) => chosen.piece) ?? []);
  if (!second) return <>At step {step + 1} of the translation.</>;
  return (
    <>
      At step {step + 1} of the translation. In both runs the decoder has read{" "}
      {before ? <>the first translation’s words up to here (<bdi>{before}</bdi>)</> : "no word yet"}; only the source sentence differs. The bars are what the model gives the two words then.
    </>
  );
}

/** How per cent, logit difference, odds and effect are one and the same. */
function Measures({ cause: { contrast: { a, b }, clean, other }, cause }: { cause: Cause }) {
  return (
    <>
      The <b>logit difference</b>, log p(<bdi>{a.text.trim()}</bdi>) − log p(<bdi>{b.text.trim()}</bdi>), is positive where the model prefers the first word, negative where the second.
      Here it is {show(clean)}. The <b>odds</b> are e to that power, {odds(clean)} : 1, one percentage over the other. An <b>effect</b> is what the logit difference loses by a change
      {other !== null && <>; the whole second sentence takes {written(cause, clean - other)} away, from {written(cause, clean)} to {written(cause, other)}</>}. Each number is rounded by itself, so a sum may be off by 0.1.
    </>
  );
}

interface SentenceProps {
  title: string;
  source: ComponentChildren;
  target: ComponentChildren;
  children: ComponentChildren;
}

const Sentence = ({ title, source, target, children }: SentenceProps) => (
  <div class="why-sentence">
    <h4 class="muted">{title}</h4>
    <p class="why-source" dir="auto">{source}</p>
    <p class="why-target" dir="auto">{target}</p>
    {children}
  </div>
);

/** The tokens of a sentence run together; those that differ between the two sentences are marked. */
const Source = ({ pieces, differs }: { pieces: readonly string[]; differs: ReadonlySet<number> }) => (
  <>
    {pieces.map((piece, i) => {
      if (/^<.*>$/.test(piece)) return null; // control tokens
      const word = piece.replaceAll("▁", " ");
      return differs.has(i) ? <>{word.startsWith(" ") && " "}<mark key={i}>{word.trim()}</mark></> : word;
    })}
  </>
);

/** The places of each sentence whose token the other one has not in the corresponding place. */
function differences({ axes, cause }: Trace): readonly [ReadonlySet<number>, ReadonlySet<number>] {
  const { second } = cause!;
  if (!second) return [new Set(), new Set()];
  const own = axes.source.tokens!;
  const same = second.places.filter(([one, two]) => own[one]?.id === second.tokens[two]?.id);
  const others = (count: number, paired: readonly number[]) => new Set(Array.from({ length: count }, (_, i) => i).filter((i) => !paired.includes(i)));
  return [others(own.length, same.map(([one]) => one)), others(second.tokens.length, same.map(([, two]) => two))];
}

interface ChancesProps {
  trace: Trace;
  cause: Cause;
  probability: ((id: number) => number) | null;
  contrast: number;
}

function Chances({ trace, cause, probability, contrast }: ChancesProps) {
  const { a, b, measure } = cause.contrast;
  return (
    <dl class="chances">
      {probability && [a, b].map((one, i) => (
        <div key={one.id}>
          <dt><Glossed trace={trace} token={one} /></dt>
          <dd><span class={`chance ${i ? "b" : "a"}`}><span style={{ width: `${100 * probability(one.id)}%` }} /></span> {percent(probability(one.id))}</dd>
        </div>
      ))}
      <div><dt>{MEASURES[measure]}</dt><dd><b class="figure">{written(cause, contrast)}</b></dd></div>
    </dl>
  );
}
