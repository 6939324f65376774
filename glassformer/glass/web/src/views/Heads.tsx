// All heads of one kind of attention side by side, layers as rows; any of them opens large.

import { useMemo } from "preact/hooks";
import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import { Legend } from "../components/Legend";
import { Matrix } from "../components/Matrix";
import { rowTitle } from "../components/slice";
import type { Graph } from "../graph";
import { axisTitle, maskOf, placeText } from "../labels";
import { show } from "../numbers";
import { UNIT } from "../palette";
import { last } from "../shapes";
import { go, place } from "../store";
import { blockText, entropy, headsOf, kindsOf, pickOf, sheetsOf, weightsOf, type Pick, type Sheet } from "./attentionWeights";
import { describe, HABIT, ORDER, SHARP, SPREAD, type HeadFacts } from "./headPatterns";
import "./Heads.css";
import { PixelMap } from "./PixelMap";

export function Heads({ graph }: { graph: Graph }) {
  const kinds = useMemo(() => kindsOf(graph.trace).filter(({ layers }) => headsOf(layers[0]) > 1), [graph]);
  const pick = pickOf(place.value.block, kinds);
  const kind = kinds.find(({ id }) => id === pick.kind)!;
  const sheets = sheetsOf(kind, { layer: null, head: null });
  const opened = pick.head === null || pick.layer === null ? null : sheetsOf(kind, pick)[0];
  const choose = (change: Partial<Pick>) => go({ block: blockText({ ...pick, ...change }), tensor: null, cell: null });
  const first = kind.layers[0];
  return (
    <Frame title="Heads side by side" lead="Every head looks in its own way: compare the patterns. In each little picture a row is a word that looks, a column a word looked at.">
      <div class="controls heads-controls">
        <Choice label="who looks where" value={kind.id} options={kinds.map(({ id, title }) => [id, title] as const)}
          onChange={(id) => choose({ kind: id, layer: null, head: null })} />
        <span class="muted">rows: {rowTitle(graph, first, 1)} · columns: {axisTitle(first, 2)}</span>
        <Legend scale={UNIT} />
      </div>
      <div class="heads-window">
        <ul class="heads-list" style={{ "--heads": headsOf(first) }}>
          {sheets.map((sheet) => (
            <li key={`${sheet.layer} ${sheet.head}`}>
              <HeadButton graph={graph} sheet={sheet} on={opened?.tensor === sheet.tensor && opened.head === sheet.head}
                onOpen={() => choose({ layer: sheet.layer, head: sheet.head })} />
            </li>
          ))}
        </ul>
      </div>
      {opened && <Opened graph={graph} sheet={opened} block={blockText(pick)} />}
      <Rule />
    </Frame>
  );
}

function HeadButton({ graph, sheet, on, onOpen }: { graph: Graph; sheet: Sheet; on: boolean; onOpen(): void }) {
  const { tensor } = sheet;
  const weights = weightsOf(graph, sheet);
  const facts = useMemo(() => factsOf(graph, sheet), [weights]);
  const [rows, columns] = tensor.shape.slice(-2);
  const maskName = maskOf(graph, tensor);
  const mask = maskName ? graph.values(maskName) : null;
  const name = `layer ${sheet.layer}, head ${sheet.head}`;
  return (
    <button class={`heads-one ${on ? "on" : ""}`} aria-pressed={on} onClick={onOpen}>
      <PixelMap values={weights} rows={rows} columns={columns} scale={UNIT} label={`weights of ${name}`} hidden={mask ? (cell) => mask[cell] !== 0 : undefined} />
      <b>{name}</b>
      <span><bdi>{facts.habit}</bdi></span>
      <span class="muted">entropy {show(facts.entropy)}</span>
    </button>
  );
}

function factsOf(graph: Graph, sheet: Sheet): HeadFacts {
  const { tensor } = sheet;
  const [queries, keys] = tensor.axes.slice(-2);
  const mask = maskOf(graph, tensor);
  const padding = (graph.trace.axes[queries].tokens ?? []).flatMap(({ piece }, i) => (piece === "<pad>" && i > 0 ? [i] : []));
  const [rows, columns] = tensor.shape.slice(-2);
  return describe({
    weights: weightsOf(graph, sheet), rows, columns, mask: mask ? graph.values(mask) : null,
    self: queries === keys, keys: graph.trace.axes[keys].tokens ?? null, padding: new Set(padding),
  });
}

function Opened({ graph, sheet, block }: { graph: Graph; sheet: Sheet; block: string }) {
  const weights = weightsOf(graph, sheet);
  const width = last(sheet.tensor.shape);
  const entropies = Array.from({ length: sheet.tensor.shape.at(-2)! }, (_, row) => entropy(Array.from({ length: width }, (_, i) => weights[row * width + i])));
  return (
    <section class="heads-opened" aria-labelledby="opened-head">
      <h3 id="opened-head">Layer {sheet.layer}, head {sheet.head}</h3>
      <p class="controls"><button onClick={() => go({ view: "attention", block, cell: null })}>See it as ribbons</button></p>
      <Matrix graph={graph} tensor={sheet.tensor.name} head={sheet.head ?? 0} scale={UNIT} />
      <p class="muted">Entropy by row, in nats (at most {show(Math.log(width))}): {entropies.map((value, row) => <span key={row} class="heads-entropy"><bdi>{placeText(graph, sheet.tensor, 1, row)}</bdi> {show(value)}</span>)}</p>
    </section>
  );
}

const Rule = () => (
  <details class="note heads-rule">
    <summary>How the descriptions come about</summary>
    <p>
      From the weights alone, on this sentence. If one habit (the token before, itself, the token after, one certain place) takes a mean weight of
      at least {HABIT}, the strongest gives the name. Else the head is “spread out” if its mean entropy is at least {SPREAD} of an even spread's,
      or “in sentence order” if what it looks at moves along with the row (correlation of at least {ORDER}), or else “one word at a time” (entropy at most {SHARP} of an even spread's)
      or “a few words at a time”. Rows of padding, and rows that see
      one place only, do not count. Entropy is the mean over the rows, in nats.
    </p>
  </details>
);
