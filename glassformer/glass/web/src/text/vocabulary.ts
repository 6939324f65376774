// The pieces that a text can become: those that stand for text, with their scores. Control tokens, the unknown and
// bytes are not among them, so that no text becomes one by its letters.

import { decode, type TokenizerData } from "../record";

/** Characters `start` to `end` (not included), and the piece that they are. */
export interface Split {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

const FLOAT_MIN = 1.1754943508222875e-38;

// SentencePiece's types of pieces.
const [NORMAL, UNKNOWN, FIXED, UNUSED, BYTE] = [1, 2, 4, 5, 6];

export class Vocabulary {
  readonly ids = new Map<string, number>(); // of the pieces that stand for text
  readonly bytes: readonly number[]; // the piece of each byte; -1 for none
  readonly fixed: readonly string[]; // the user's symbols: one piece each, wherever they stand
  readonly scores: ArrayLike<number>;
  readonly unknown: number;
  readonly longest: number; // characters
  readonly least: number; // the least score of an ordinary piece
  readonly best: number; // the greatest, but in SentencePiece never below the smallest float32 above 0
  private readonly types: ArrayLike<number>;

  constructor(readonly pieces: readonly string[], { scores, types }: TokenizerData) {
    this.types = decode(types, "uint8");
    this.scores = scores === null ? new Float32Array(pieces.length) : decode(scores, "float32");
    if (this.types.length !== pieces.length || this.scores.length !== pieces.length) throw new Error("the tokenizer does not fit its vocabulary");
    pieces.forEach((piece, id) => { if ([NORMAL, FIXED, UNUSED].includes(this.types[id])) this.ids.set(piece, id); });
    const of = (type: number) => pieces.map((_, id) => id).filter((id) => this.types[id] === type);
    const bytes = new Map(of(BYTE).map((id) => [parseInt(pieces[id].slice(3, 5), 16), id]));
    this.bytes = Array.from({ length: 256 }, (_, byte) => bytes.get(byte) ?? -1);
    this.fixed = of(FIXED).map((id) => pieces[id]);
    this.unknown = of(UNKNOWN)[0] ?? -1;
    this.longest = Math.max(0, ...Array.from(this.ids.keys(), (piece) => Array.from(piece).length));
    const ordinary = of(NORMAL).map((id) => this.scores[id]);
    this.least = ordinary.reduce((a, b) => Math.min(a, b), Infinity);
    this.best = ordinary.reduce((a, b) => Math.max(a, b), FLOAT_MIN);
  }

  isUnused = (id: number): boolean => this.types[id] === UNUSED;
  isFixed = (id: number): boolean => this.types[id] === FIXED;
  isByte = (id: number): boolean => this.types[id] === BYTE;

  /** The longest of the user's symbols that begins at a character; null if none does. */
  fixedAt(characters: readonly string[], start: number): Split | null {
    let found: Split | null = null;
    for (const symbol of this.fixed) {
      const end = start + Array.from(symbol).length;
      if (end <= characters.length && end > (found?.end ?? start) && characters.slice(start, end).join("") === symbol) {
        found = { id: this.ids.get(symbol)!, start, end };
      }
    }
    return found;
  }
}
