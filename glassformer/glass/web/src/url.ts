// Where the reader is, as the text of an address: #view=logits&step=3&temperature=0.5. All that a reader has chosen is
// in it, so that a link opens exactly this. What an address says is bounded and checked here, by itself; whether the
// record has such a tensor or step is for `store.ts` and the views to say.

export interface Place {
  readonly view: string;
  readonly trace: number;
  readonly block: string | null; // a part of the model: "decoder.1.cross_attention"
  readonly tensor: string | null;
  readonly cell: readonly number[] | null; // the full index: [head, row, column]
  readonly sentence: string | null; // what the reader typed, instead of the record's own
  readonly question: Question | null; // what the reader asked (see `causes/ask.ts`), instead of the record's own
  readonly edits: readonly string[]; // as `edits.ts` writes them
  readonly choices: Choices; // what a view lets one choose: step, token, temperature, ... (see `linked.ts`)
}

/** Why a step's word (null: the one where it shows most), and not that of a second sentence (null: the runner-up)? */
export interface Question {
  readonly step: number | null;
  readonly versus: string | null;
}

/** Choices by name, as text; one that is not there is at its beginning. */
export type Choices = { readonly [name: string]: string };

export const LONGEST_SENTENCE = 1000; // UTF-16 units
export const MOST_EDITS = 200;
const LONGEST_LINK = 20_000;
export const LONGEST_CHOICE = 100;
const LONGEST_NAME = 100; // of a view, a block or a tensor
const LONGEST_EDIT = 200;
const MOST_CHOICES = 40;
const MOST_AXES = 4;
const CHOICE = /^[a-z][a-z_]{0,19}$/;
const RESERVED = new Set(["view", "trace", "block", "tensor", "cell", "sentence", "asked", "versus", "edit"]);

/** The fragment of a link to a place. `traces`: how many the page holds; of a single one nothing is said. */
export function hash(place: Place, traces = 1): string {
  const parts = new URLSearchParams({ view: place.view });
  if (traces > 1) parts.set("trace", String(place.trace));
  for (const name of ["block", "tensor", "sentence"] as const) if (place[name] !== null) parts.set(name, place[name]);
  if (place.question) parts.set("asked", place.question.step === null ? ANY : String(place.question.step));
  if (place.question?.versus != null) parts.set("versus", place.question.versus);
  if (place.cell) parts.set("cell", place.cell.join(","));
  for (const name of Object.keys(place.choices).sort()) parts.set(name, place.choices[name]);
  for (const edit of place.edits) parts.append("edit", edit);
  return `#${readable(parts.toString())}`;
}

/** Signs that need no escape in a fragment, and are read more easily without. */
const readable = (text: string): string => text.replace(/%(2C|3A|5B|5D|2F|3D)/g, (escaped) => decodeURIComponent(escaped));

/** The place that a fragment names; what it gets wrong is as in `fallback`, or left out. */
export function read(fragment: string, fallback: Place): Place {
  if (fragment.length > LONGEST_LINK) return fallback;
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const name = (key: string) => {
    const text = parts.get(key);
    return text !== null && text !== "" && text.length <= LONGEST_NAME ? text : null;
  };
  const sentence = parts.get("sentence");
  return {
    view: name("view") ?? fallback.view,
    trace: whole(parts.get("trace")) ?? fallback.trace,
    block: name("block"),
    tensor: name("tensor"),
    cell: cellOf(parts.get("cell")),
    sentence: sentence !== null && sentence.length <= LONGEST_SENTENCE ? sentence : null,
    question: questionOf(parts.get("asked"), parts.get("versus")),
    edits: parts.getAll("edit").filter((edit) => edit.length <= LONGEST_EDIT).slice(0, MOST_EDITS),
    choices: choicesOf(parts),
  };
}

const ANY = "any";

function questionOf(asked: string | null, versus: string | null): Question | null {
  const step = asked === ANY ? null : whole(asked);
  const second = versus !== null && versus.length <= LONGEST_SENTENCE ? versus : null;
  return (step === null && asked !== ANY) || (step === null && second === null) ? null : { step, versus: second };
}

function choicesOf(parts: URLSearchParams): Choices {
  const found: { [name: string]: string } = {};
  for (const [name, text] of parts) {
    if (Object.keys(found).length === MOST_CHOICES) break;
    if (CHOICE.test(name) && !RESERVED.has(name) && text.length <= LONGEST_CHOICE) found[name] = text;
  }
  return found;
}

function cellOf(text: string | null): number[] | null {
  const index = text?.split(",", MOST_AXES + 1).map(whole) ?? [];
  return index.length > 0 && index.length <= MOST_AXES && index.every((one) => one !== null) ? (index as number[]) : null;
}

/** A whole number of at most nine digits, written as such; else null. */
export const whole = (text: string | null): number | null => (text !== null && /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : null);
