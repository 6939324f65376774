// One token: what kind of piece it is, and its way from id to embedding row.

import { Num } from "../components/Num";
import type { Graph } from "../graph";
import { shortName } from "../labels";
import { scaleOf } from "../palette";
import { last } from "../shapes";
import { go } from "../store";
import { PixelMap } from "./PixelMap";
import { idsOf, kindOf } from "./tokenFacts";

export function TokenDetail({ graph, axis, at }: { graph: Graph; axis: string; at: number }) {
  const token = graph.trace.axes[axis].tokens![at];
  const ids = idsOf(graph.trace, axis);
  const rows = rowsOf(graph, axis, ids);
  return (
    <div class="tokens-detail" aria-live="polite">
      <p><bdi class="tokens-name">{token.text}</bdi> <span class="muted">piece</span> <code><bdi>{token.piece}</bdi></code> <span class="muted">id</span>{" "}
        {ids ? <Num graph={graph} tensor={ids} index={[at]} /> : token.id}</p>
      <p class="muted">{kindOf(token, graph.trace.axes[axis].tokens![at - 1])}</p>
      {rows.map((name) => <Row key={name} graph={graph} name={name} at={at} id={token.id} />)}
      {rows.length === 0 && <p class="note">The record does not carry this token's embedding row; a trace of detail “full” does.</p>}
    </div>
  );
}

/** The tensors whose row at a place is the token's embedding: looked up, then scaled; or the lecture's, as given. */
function rowsOf(graph: Graph, axis: string, ids: string | null): string[] {
  const lookup = graph.trace.tensors.find(({ op, operands }) => op === "lookup" && ids !== null && operands.ids === ids);
  const scaled = lookup && graph.consumers(lookup.name).find(({ op }) => op === "scale");
  const given = graph.trace.meta.kind === "lecture" && axis === "source" && graph.has("embedding") ? ["embedding"] : [];
  return lookup ? [lookup.name, ...(scaled ? [scaled.name] : [])] : given;
}

const FIRST = 6;

function Row({ graph, name, at, id }: { graph: Graph; name: string; at: number; id: number }) {
  const tensor = graph.tensor(name);
  const width = last(tensor.shape);
  const values = graph.values(name);
  const what =
    tensor.op === "lookup" ? `Row ${id} of the table is its embedding, ${width} numbers`
    : tensor.op === "scale" ? `Times ${tensor.attributes.text}, as in section 3.4 of the paper`
    : `Its embedding, ${width} numbers`;
  return (
    <div class="tokens-row">
      <p>{what}. <button class="tokens-link" onClick={() => go({ view: "matrix", tensor: name, cell: null })}>Open <code>{shortName(name)}</code></button></p>
      {values && (
        <>
          <PixelMap values={values.subarray(at * width, (at + 1) * width)} rows={1} columns={width} scale={scaleOf(values)} label={`all ${width} numbers as colours`} />
          <p>{Array.from({ length: Math.min(FIRST, width) }, (_, i) => <Num key={i} graph={graph} tensor={name} index={[at, i]} />)}{width > FIRST && "…"}</p>
        </>
      )}
    </div>
  );
}
