// One trace with its numbers in reach: decoded when asked for, computed where the record leaves them out,
// and computed again downstream of what a reader has edited.

import { batch, signal } from "@preact/signals";
import { alteredTrace } from "./altered";
import { computable, evaluate, isLeaf, type OpNode } from "./ops";
import { decode, type Tensor, type Trace } from "./record";
import { last, size, type Numbers } from "./shapes";

export type Edits = ReadonlyMap<string, Numbers>;

/** Cells of a computed tensor that are held at numbers from elsewhere, whatever would have made them. */
export interface Patch {
  readonly id: string; // of the part that is held; a part is held once
  readonly title: string; // what was done, in words
  readonly tensor: string;
  readonly spans: readonly { readonly start: number; readonly values: Numbers }[];
}

export class Graph {
  /** What a reader changed: the whole new values of a tensor, by name. Views that call `values` follow it. */
  readonly edits = signal<Edits>(new Map());

  /** What interventions hold. Views that call `values` follow it. */
  readonly patches = signal<readonly Patch[]>([]);

  private readonly byName: ReadonlyMap<string, Tensor>;
  private readonly stored = new Map<string, Numbers | null>();
  private readonly current = new Map<string, Numbers | null>();
  private currentEdits: Edits = this.edits.peek();
  private currentPatches: readonly Patch[] = this.patches.peek();
  private changed: ReadonlySet<string> = new Set();

  private altered: Trace | null = null;

  constructor(readonly recorded: Trace, readonly label: string) {
    this.byName = new Map(recorded.tensors.map((tensor) => [tensor.name, tensor]));
  }

  /** The same numbers under another record: with what the page has found out since. */
  with(more: Partial<Pick<Trace, "cause" | "beam">>): Graph {
    return new Graph({ ...this.recorded, ...more }, this.label);
  }

  /** The record, with sentences and steps as the reader's changes leave them. */
  get trace(): Trace {
    if (!this.isAltered) return this.recorded;
    this.follow();
    const ids = (side: "source" | "target") => this.currentEdits.get(`${side}.ids`) ?? null;
    this.altered ??= alteredTrace(this.recorded, {
      ids: { source: ids("source"), target: ids("target") },
      logits: () => (this.byName.has("logits") && this.changed.has("logits") ? this.values("logits") : null),
    });
    return this.altered;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** The tensor of that name, which must be there. */
  tensor(name: string): Tensor {
    const tensor = this.byName.get(name);
    if (!tensor) throw new Error(`no tensor is called "${name}"`);
    return tensor;
  }

  /** A tensor's numbers, row by row, edits included; null if not carried. NaN: a logit the record leaves out. */
  values(name: string): Numbers | null {
    this.follow();
    if (!this.changed.has(name)) return this.original(name);
    return this.remember(this.current, name, () => {
      const tensor = this.tensor(name);
      return this.held(name, this.currentEdits.get(name) ?? evaluate(this.node(name), tensor.dtype === "float64"));
    });
  }

  /** A tensor's numbers as recorded, whatever has been edited. */
  original(name: string): Numbers | null {
    return this.remember(this.stored, name, () => {
      const tensor = this.tensor(name);
      if (tensor.data !== null) return decoded(tensor);
      return evaluate(this.nodeOf(tensor, (operand) => this.original(operand)), tensor.dtype === "float64");
    });
  }

  /** What the record keeps of each row: e.g. a softmax's "max" and "sum". Null if it keeps none or edits outdated it. */
  statistic(name: string, key: string): Numbers | null {
    const data = this.tensor(name).statistics?.[key];
    return data && !this.isChanged(name) ? decode(data, "float32") : null;
  }

  /** The tensor with its operands' current numbers, as the ops' rules read it. */
  node(name: string): OpNode {
    return this.nodeOf(this.tensor(name), (operand) => this.values(operand));
  }

  /** Whether an edit reaches the tensor: it was edited, or made from what was. */
  isChanged(name: string): boolean {
    this.follow();
    return this.changed.has(name);
  }

  /** The tensors made from this one. */
  consumers(name: string): Tensor[] {
    return this.recorded.tensors.filter((tensor) => Object.values(tensor.operands).includes(name));
  }

  /** Whether an edit of the tensor could be followed to the end: all that stands between is carried. */
  editable(name: string): boolean {
    const reached = downstream(this.recorded, new Set([name]));
    reached.delete(name);
    return this.original(name) !== null && [...reached].every((other) => computable(this.node(other)));
  }

  edit(name: string, values: Numbers): void {
    this.edits.value = new Map(this.edits.peek()).set(name, values);
  }

  /** Hold a part; if it is held already, let it go. */
  toggle(patch: Patch): void {
    const others = this.patches.peek().filter(({ id }) => id !== patch.id);
    this.patches.value = others.length < this.patches.peek().length ? others : [...others, patch];
  }

  /** What holds a cell at a number that its operands did not make; undefined if nothing does. */
  patchOf(name: string, flat: number): Patch | undefined {
    return this.patches.value.find(({ tensor, spans }) =>
      tensor === name && spans.some(({ start, values }) => flat >= start && flat < start + values.length));
  }

  /** Whether anything is not as recorded. */
  get isAltered(): boolean {
    return this.edits.value.size > 0 || this.patches.value.length > 0;
  }

  reset(): void {
    batch(() => {
      this.edits.value = new Map();
      this.patches.value = [];
    });
  }

  /** Subscribes to edits and patches, and forgets what they have outdated. */
  private follow(): void {
    const [edits, patches] = [this.edits.value, this.patches.value];
    if (edits === this.currentEdits && patches === this.currentPatches) return;
    this.currentEdits = edits;
    this.currentPatches = patches;
    this.current.clear();
    this.altered = null;
    this.changed = downstream(this.recorded, new Set([...edits.keys(), ...patches.map(({ tensor }) => tensor)]));
  }

  /** A tensor's values with those of its cells that are held. */
  private held(name: string, values: Numbers | null): Numbers | null {
    const own = this.currentPatches.filter(({ tensor }) => tensor === name);
    if (!values || !own.length) return values;
    const result = values.slice();
    for (const { spans } of own) for (const { start, values: there } of spans) result.set(there, start);
    return result;
  }

  private nodeOf(tensor: Tensor, values: (name: string) => Numbers | null): OpNode {
    const operands = Object.entries(tensor.operands).map(([role, name]) => {
      const { shape } = this.tensor(name);
      // Large tables are decoded only when a rule reads them.
      return [role, { shape, get values() { return values(name); } }] as const;
    });
    return { op: tensor.op, attributes: tensor.attributes, shape: tensor.shape, operands: Object.fromEntries(operands) };
  }

  private remember(cache: Map<string, Numbers | null>, name: string, make: () => Numbers | null): Numbers | null {
    if (!cache.has(name)) cache.set(name, make());
    return cache.get(name)!;
  }
}

/** `names` and every tensor made from them; operands come before what they make, so one pass finds all. */
export function downstream(trace: Trace, names: ReadonlySet<string>): Set<string> {
  const reached = new Set(names);
  for (const { name, op, operands } of trace.tensors) {
    if (!isLeaf(op) && Object.values(operands).some((operand) => reached.has(operand))) reached.add(name);
  }
  return reached;
}

const read = new WeakMap<Tensor, Numbers>(); // graphs of one record share its weights

/** The numbers that a record carries of a tensor. */
function decoded(tensor: Tensor): Numbers {
  if (!read.has(tensor)) read.set(tensor, spread(tensor, decode(tensor.data!, tensor.dtype)));
  return read.get(tensor)!;
}

/** Numbers kept for some columns only, put where they belong among all columns; NaN elsewhere. */
function spread(tensor: Tensor, values: Numbers): Numbers {
  if (!tensor.columns) return values;
  const all = new Float32Array(size(tensor.shape)).fill(NaN);
  const width = last(tensor.shape);
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / tensor.columns.length);
    all[row * width + tensor.columns[i % tensor.columns.length]] = values[i];
  }
  return all;
}
