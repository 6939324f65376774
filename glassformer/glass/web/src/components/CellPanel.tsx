// The explanation of one cell: its formula, the numbers put in, its terms. Every operand is a button that explains itself.

import { render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { toCsv, toLatex, toPython } from "../copy";
import { explain, type Explanation } from "../explain";
import type { Graph } from "../graph";
import { cellName, pastTense, symbolsOf } from "../labels";
import { show } from "../numbers";
import { isLeaf } from "../ops";
import { cellSymbol } from "../ops/op";
import { flatten } from "../shapes";
import { back, closeCell, go, openTensor, place } from "../store";
import "./CellPanel.css";
import { TensorLink } from "./Provenance";
import { Terms } from "./Terms";

const REHEARSALS = 4;

export function CellPanel({ graph }: { graph: Graph }) {
  const { tensor, cell } = place.value;
  const flat = flatten(graph.tensor(tensor!).shape, cell!);
  const [edits, patches] = [graph.edits.value, graph.patches.value];
  const it = useMemo(() => explain(graph, tensor!, flat), [graph, tensor, flat, edits, patches]);
  const panel = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useFocus(heading, `${tensor} ${flat}`);
  useEffect(() => panel.current?.scrollTo(0, 0), [tensor, flat]);
  return (
    <aside class="panel" ref={panel} aria-label="How the chosen number was made">
      <p class="panel-bar">
        <button onClick={back}>← Back</button>
        <button onClick={closeCell} aria-label="Close the explanation">✕</button>
      </p>
      <h2 ref={heading} tabIndex={-1} aria-label={cellName(graph, it.tensor, it.index, it.value)}>
        <bdi>{cellSymbol(it.tensor, it.index)}</bdi>
        <span class="value">{Number.isNaN(it.value) ? "not carried" : show(it.value)}</span>
      </h2>
      <Explained graph={graph} it={it} />
    </aside>
  );
}

/** Shows an explanation where nobody sees it, a few times: a browser compiles what is called, and what is called often
 *  it compiles well. */
export function rehearse(graph: Graph, it: Explanation): void {
  for (let time = 0; time < REHEARSALS; time++) {
    const nowhere = document.createElement("div");
    render(<Explained graph={graph} it={it} />, nowhere);
    render(null, nowhere);
  }
}

function Explained({ graph, it }: { graph: Graph; it: Explanation }) {
  return (
    <>
      <p class="muted">{cellName(graph, it.tensor, it.index)}</p>
      <p><button class="link" title="Open its matrix" onClick={() => openTensor(it.tensor.name)}><code>{it.tensor.name}</code></button></p>
      <Made graph={graph} it={it} />
      <Change graph={graph} it={it} />
      {it.patch && <p class="held">Put here by an intervention: {it.patch.title}. Without it the formula below holds.</p>}
      {!isLeaf(it.tensor.op) && (
        <>
          <p class="formula card">{it.symbolic}<br />{it.substituted}</p>
          <Facts it={it} />
          <Missing it={it} />
          <Terms key={`${it.tensor.name} ${it.index}`} graph={graph} it={it} />
          <Copy it={it} />
        </>
      )}
    </>
  );
}

/** Focus goes to the explanation when it opens or changes, and back to where it came from when it closes. */
function useFocus(heading: { current: HTMLElement | null }, what: string): void {
  const origin = useRef<Element | null>(null);
  if (origin.current === null) origin.current = document.activeElement;
  useEffect(() => heading.current?.focus({ preventScroll: true }), [what]);
  useEffect(() => () => {
    // The grid puts up a new element for each cell; the one that is there now will do.
    const left = origin.current;
    const target = left?.isConnected ? left : document.querySelector<HTMLElement>(".matrix-cell") ?? document.getElementById("main");
    if (target instanceof HTMLElement) target.focus({ preventScroll: true });
  }, []);
}

function Made({ graph, it: { tensor } }: { graph: Graph; it: Explanation }) {
  const operands = [...new Set(Object.values(tensor.operands))];
  const symbols = symbolsOf([tensor, ...operands.map((one) => graph.tensor(one))]);
  if (tensor.op === "parameter") return <p>A learned parameter: training made it.{tensor.data === null && <NotCarried />}</p>;
  if (tensor.op === "input") return <p>An input: nothing in the model made it.</p>;
  return (
    <p>
      {pastTense(tensor)}
      {operands.map((one, i) => [i === 0 ? " " : i === operands.length - 1 ? " and " : ", ", <TensorLink key={one} tensor={one} symbol={symbols[i + 1]} />])}
    </p>
  );
}

/** A leaf that the page can compute onwards from may be changed, in the view for that. */
function Change({ graph: { trace }, it: { tensor, index } }: { graph: Graph; it: Explanation }) {
  const editable = trace.meta.kind === "lecture" || trace.meta.detail === "full+weights";
  if (!isLeaf(tensor.op) || tensor.data === null || !editable) return null;
  return <p><button onClick={() => go({ view: "edit", tensor: tensor.name, cell: [...index] })}>Change this number</button></p>;
}

const NotCarried = () => <> The record does not carry its numbers; write it with <code>--detail full+weights</code> to see them.</>;

function Facts({ it }: { it: Explanation }) {
  const off = Math.abs(it.recomputed - it.value);
  return (
    <dl class="cell-facts">
      {it.facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{show(value)}</dd></div>)}
      {off >= 0 && !it.patch && <div><dt>recomputed here, in double precision</dt><dd>{show(it.recomputed)}{off > 0 && <> (off by {show(off)})</>}</dd></div>}
    </dl>
  );
}

function Missing({ it }: { it: Explanation }) {
  if (!it.missing.length) return null;
  return <p class="note"><code>{it.missing.join(", ")}</code>:<NotCarried /></p>;
}

const FORMATS = [["LaTeX", toLatex], ["Python", toPython], ["CSV", toCsv]] as const;

function Copy({ it }: { it: Explanation }) {
  const [done, setDone] = useState("");
  const copy = async (name: string, text: string) => setDone((await toClipboard(text)) ? `${name} copied` : "the browser refused to copy");
  useEffect(() => setDone(""), [it]);
  return (
    <p class="copy">
      <span class="muted">Copy as</span>
      {FORMATS.map(([name, write]) => <button key={name} onClick={() => copy(name, write(it))}>{name}</button>)}
      <span role="status" class="muted">{done}</span>
    </p>
  );
}

/** The clipboard of a page from a file may be closed to scripts; a selected text field still works there. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
