// How the text was cut into tokens, and how each becomes a row of numbers.

import { Frame } from "../components/Frame";
import { Interlinear } from "../components/Gloss";
import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { below, oneOf, optional, pair, useLinked } from "../linked";
import type { Axis } from "../record";
import { counts, idsOf, spelt } from "./tokenFacts";
import { TokenDetail } from "./TokenDetail";
import { TokenLine } from "./TokenLine";
import { lineOf } from "./sentenceLine";
import "./Tokens.css";

export function Tokens({ graph }: { graph: Graph }) {
  const { axes, vocabulary } = graph.trace;
  const sides = ["source", "target"].filter((name) => axes[name]?.tokens);
  const longest = Math.max(...sides.map((name) => axes[name].size));
  const [found, setChosen] = useLinked("token", optional(pair(oneOf(sides), below(longest))), [sides[0], 0]);
  const chosen = found && { axis: found[0], at: Math.min(found[1], axes[found[0]].size - 1) };
  const token = chosen && axes[chosen.axis].tokens![chosen.at];
  const joint = !vocabulary || vocabulary.source === null; // ids mean the same on both sides
  const alike = (axis: string) => (i: number) =>
    token !== null && (joint || axis === chosen!.axis) && axes[axis].tokens![i].id === token.id && axes[axis].tokens![i].piece === token.piece;
  return (
    <Frame title="Tokens" lead="The text is cut into pieces of a fixed vocabulary, one underline each. Choose one to see its number and the row of numbers that it becomes.">
      <div class="tokens-sides">
      {sides.map((name) => (
        <Side key={name} graph={graph} name={name} axis={axes[name]} at={chosen?.axis === name ? chosen.at : null} alike={alike(name)}
          onChoose={(at) => setChosen(at === null ? null : [name, at])}>
          {chosen?.axis === name && <TokenDetail graph={graph} axis={name} at={chosen.at} />}
        </Side>
      ))}
      </div>
    </Frame>
  );
}

interface SideProps {
  graph: Graph;
  name: string;
  axis: Axis;
  at: number | null;
  alike(i: number): boolean;
  onChoose(at: number | null): void;
  children: preact.ComponentChildren;
}

function Side({ graph, name, axis, at, alike, onChoose, children }: SideProps) {
  const { characters, words, tokens, special } = counts(axis);
  const bytes = spelt(axis);
  const title = name === "target" ? "Target: what the decoder reads" : "Source";
  return (
    <section class="card tokens-side" aria-label={title}>
      <h3>{title}</h3>
      <TokenLine line={lineOf(axis, false)} label={`${name} tokens`} selected={at} alike={alike} onSelect={onChoose} />
      {name === "target" && graph.recorded.glosses && <p dir="auto"><Interlinear trace={graph.recorded} text={axis.text ?? ""} /></p>}
      {axis.typed !== undefined && <p class="muted" dir="auto">Typed as: {axis.typed}</p>}
      {axis.read_as !== undefined && <p class="muted" dir="auto">Read as: {axis.read_as}</p>}
      <p class="muted">
        {counted(characters, "character")}, {counted(words, "word")}, {counted(tokens, "token")}{special > 0 && ` and ${special} of the model's own signs`}.
        {name === "target" && special > 0 && " It begins with the start sign; the end sign is written, never read."}
      </p>
      {bytes.map(({ character, bytes }, i) => (
        <p key={i}>The vocabulary does not have <bdi>{character}</bdi>, so it is spelt by its {bytes.length} UTF-8 bytes: <code>{bytes.join(" ")}</code>.</p>
      ))}
      {children}
      <TokenTable graph={graph} name={name} axis={axis} at={at} alike={alike} onChoose={onChoose} />
    </section>
  );
}

function TokenTable({ graph, name, axis, at, alike, onChoose }: Omit<SideProps, "children">) {
  const ids = idsOf(graph.trace, name);
  return (
    <details open={axis.size <= 16}>
      <summary>All {axis.size} tokens</summary>
      <div class="tokens-window">
        <table class="tokens-table">
          <thead><tr><th>place</th><th>token</th><th>piece</th><th>id</th><th>characters</th><th>bytes</th><th>word</th><th>script</th></tr></thead>
          <tbody>
            {axis.tokens!.map((token, i) => (
              <tr key={i} class={i === at ? "on" : alike(i) ? "alike" : ""}>
                <td>{i}</td>
                <td><button aria-pressed={i === at} onClick={() => onChoose(i === at ? null : i)}><bdi>{token.text || "␣"}</bdi></button></td>
                <td><code><bdi>{token.piece}</bdi></code></td>
                <td>{ids ? <Num graph={graph} tensor={ids} index={[i]} /> : token.id}</td>
                <td>{span(token.start, token.end)}</td>
                <td>{span(token.byte_start, token.byte_end)}</td>
                <td>{token.word ?? "–"}</td>
                <td>{token.special ? "–" : token.script}{token.direction === "rtl" && ", right to left"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** Characters 3 to 5, the end not included: "3–5"; nothing for what stands for no text. */
const span = (start: number, end: number): string => (start === end ? "–" : `${start}–${end}`);

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
