// What an operation is: which cells make a cell, by which formula, and how that is written.

import { show } from "../numbers";
import { last, type Numbers } from "../shapes";

export type Attributes = { readonly [name: string]: string | number };

/** An operand's shape and numbers; `values` is null where the record does not carry them. */
export interface Operand {
  readonly shape: readonly number[];
  readonly values: Numbers | null;
}

/** A tensor with its operands in reach. */
export interface Node {
  readonly attributes: Attributes;
  readonly shape: readonly number[];
  readonly operands: { readonly [role: string]: Operand };
}

/** A cell of an operand. */
export interface CellRef {
  readonly role: string;
  readonly flat: number;
}

/** A cell of an operand as a formula shows it; `value` is NaN where the record does not carry it. */
export interface OperandCell {
  readonly role: string;
  readonly label: string;
  readonly index: readonly number[];
  readonly value: number;
}

/** One cell of a tensor, with the operand cells that make it, in the order of `cells`. */
export interface Cell<C extends OperandCell> {
  readonly index: readonly number[];
  readonly shape: readonly number[];
  readonly attributes: Attributes;
  readonly operands: readonly C[];
  statistic(name: string): number; // what the record keeps of the cell's row; NaN where it keeps nothing
}

/** One summand of the formula (or the one argument of a function): its factors, and what it contributes. */
export interface Term<C extends OperandCell> {
  readonly factors: readonly C[];
  readonly value: number;
}

export interface Description<C extends OperandCell> {
  readonly formula: string; // with symbols; "" of a leaf
  readonly numbers: string; // the formula with numbers; "" where nothing is computed
  readonly terms: readonly Term<C>[];
  readonly termName: string; // what a term's value is called: "product", "exp(x − max)"
  readonly sums: boolean; // the terms are summed up, so that their sizes compare
  readonly facts: readonly (readonly [string, number])[]; // what a row shares: max, sum, mean, ...
  readonly leftOut?: number; // terms that the record does not carry
}

/** Python lines, and an expression after them that is the cell. */
export type Python = readonly [lines: readonly string[], result: string];

/** An operation: everything that the page knows of it. */
export interface Op {
  /** How a tensor was made, before the names of its operands: "The sum of". */
  made(attributes: Attributes): string;
  /** The operand cells that make cell `flat`, in the order in which the formula reads them. */
  cells(node: Node, flat: number): CellRef[];
  /** A function from flat index to the cell's value; what a row shares is computed once per row. */
  value(node: Node): (flat: number) => number;
  describe<C extends OperandCell>(cell: Cell<C>): Description<C>;
  /** The cell computed in Python from its numbers; null where there is nothing to compute. */
  python(cell: Cell<OperandCell>): Python | null;
}

/** The numbers of an operand that the record carries. */
export const data = (node: Node, role: string): Numbers => node.operands[role].values!;

/** n neighbouring cells of an operand. */
export const refs = (role: string, start: number, n: number): CellRef[] =>
  Array.from({ length: n }, (_, k) => ({ role, flat: start + k }));

/** A cell as in a formula: "Q[0,2,3]", and "(X+PE)[1,0]" where the symbol is a formula itself. */
export const cellSymbol = ({ label }: { readonly label: string }, index: readonly (number | string)[]): string =>
  `${/[+·/ ]/.test(label) ? `(${label})` : label}[${index.join(",")}]`;

export const symbol = (cell: OperandCell): string => cellSymbol(cell, cell.index);

/** A negative number stands in brackets, so that no two signs meet. */
export const bracketed = (value: number): string => (value < 0 ? `(${show(value)})` : show(value));

/** A description whose terms are the operands, each as it is. */
export const described = <C extends OperandCell>(operands: readonly C[], formula: string, numbers: string, sums = false): Description<C> => ({
  formula,
  numbers,
  terms: operands.map((one) => ({ factors: [one], value: one.value })),
  termName: "value",
  sums,
  facts: [],
});

/** The column that a cell stands in. */
export const columnOf = ({ index }: { readonly index: readonly number[] }): number => last(index);
