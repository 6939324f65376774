// Top-k and top-p: which tokens would be left to draw from. Shown only; a translation does not draw.

import { Choice } from "../components/Choice";
import { below, between, oneOf, pair, type Kind } from "../linked";
import { percent } from "../numbers";
import type { StepLogits } from "./stepLogits";
import { nucleus } from "../temperature";

export interface Truncation {
  readonly kind: "none" | "top-k" | "top-p";
  readonly k: number;
  readonly p: number;
}

export const NO_TRUNCATION: Truncation = { kind: "none", k: 3, p: 0.9 };

const [MOST_K, LEAST_P] = [10, 0.05];
const PARTS = pair(oneOf<Truncation["kind"]>(["none", "top-k", "top-p"]), pair(below(MOST_K + 1), between(LEAST_P, 1)));

/** In an address: "top-k:3:0.9". */
export const TRUNCATION: Kind<Truncation> = {
  read(text) {
    const [kind, [k, p]] = PARTS.read(text) ?? [null, [0, 0]];
    return kind === null || k < 1 ? undefined : { kind, k, p };
  },
  write: ({ kind, k, p }) => PARTS.write([kind, [k, p]]),
};

/** How many of the likeliest tokens are kept; null where none is cut off, or where it cannot be told. */
export function keptBy(row: StepLogits, { kind, k, p }: Truncation, temperature: number): number | null {
  if (kind === "none") return null;
  if (kind === "top-k") return Math.min(k, row.size);
  const probabilities = row.best.map((id) => row.probability(id, temperature));
  const [most, least] = (["most", "least"] as const).map((end) => nucleus(probabilities.map((one) => one[end]), p));
  const reached = row.exact || probabilities.reduce((sum, one) => sum + one.least, 0) >= p;
  return most === least && reached ? most : null;
}

interface Props {
  row: StepLogits;
  cut: Truncation;
  temperature: number;
  keeps: number | null;
  onChange(cut: Truncation): void;
}

export function TruncationControls({ row, cut, temperature, keeps, onChange }: Props) {
  return (
    <section class="card">
      <h3>If one drew instead of searching</h3>
      <p class="muted">Drawing from all tokens would sometimes take a very bad one. Two ways to cut them off:</p>
      <div class="controls cut">
        <Choice label="Keep" value={cut.kind} options={[["none", "all"], ["top-k", "top-k"], ["top-p", "top-p"]]} onChange={(kind) => onChange({ ...cut, kind })} />
        {cut.kind === "top-k" && <Slider name="k" value={cut.k} min={1} max={Math.min(MOST_K, row.size)} step={1} onChange={(k) => onChange({ ...cut, k })} />}
        {cut.kind === "top-p" && <Slider name="p" value={cut.p} min={LEAST_P} max={1} step={0.05} onChange={(p) => onChange({ ...cut, p })} />}
      </div>
      <p>{sentence(row, cut, temperature, keeps)}</p>
    </section>
  );
}

function Slider({ name, value, onChange, ...range }: { name: string; value: number; min: number; max: number; step: number; onChange(value: number): void }) {
  return (
    <label class="choice">
      {name} <input type="range" value={value} {...range} onInput={(event) => onChange(Number(event.currentTarget.value))} /> <output>{value}</output>
    </label>
  );
}

function sentence(row: StepLogits, { kind, p }: Truncation, temperature: number, keeps: number | null): string {
  if (kind === "none") return `All ${row.size} tokens could be drawn, each with its probability.`;
  if (keeps === null) return "The record keeps too few logits to tell where the cut would be.";
  const kept = row.best.slice(0, keeps).map((id) => row.probability(id, temperature).least);
  const share = percent(kept.reduce((sum, one) => sum + one, 0));
  if (kind === "top-k") return `The ${keeps} likeliest are kept, with ${share} of the probability; it is shared out among them anew.`;
  return `The likeliest are kept until they have ${percent(p)} of the probability: ${keeps === 1 ? "one is" : `${keeps} are`} enough, with ${share}. Where the model is sure few are kept, where it is not, many.`;
}
