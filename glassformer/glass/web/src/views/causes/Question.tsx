// The question: this word against that one, at which step of which sentence, and the second sentence beside it.

import type { ComponentChildren } from "preact";
import { Glossed, Interlinear } from "../../components/Gloss";
import type { Graph } from "../../graph";
import { percent } from "../../numbers";
import type { Cause, Trace } from "../../record";
import { MEASURES, written } from "./effects";
import { recorded, there } from "./says";

export function Question({ graph }: { graph: Graph }) {
  const trace = graph.recorded;
  const cause = trace.cause!;
  const { a, b, step } = cause.contrast;
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
      <p class="muted">
        At step {step + 1} of the translation{cause.second ? ", after the same words in both. The bars are what the model gives the two words there" : ""}.
        {cause.contrast.measure === "logit_difference" && <> The logit difference, log p({<bdi>{a.text.trim()}</bdi>}) − log p({<bdi>{b.text.trim()}</bdi>}), says which it prefers, and how much: positive for the first, negative for the second.</>}
      </p>
    </section>
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
