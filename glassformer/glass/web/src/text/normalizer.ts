// The rules of a tokenizer's file by which it reads a text (SentencePiece's normalizer.cc): the longest rule that
// fits is applied, again and again, and each character of the result knows where in the text it came from.

/** SentencePiece's sign for a space. */
export const META = "▁";

/** A text as the tokenizer reads it. */
export interface Normalized {
  readonly characters: readonly string[];
  readonly origins: readonly number[]; // the byte of the text that each was made from; one more for the end
}

export interface Flags {
  readonly add_dummy_prefix: boolean;
  readonly remove_extra_whitespaces: boolean;
  readonly whitespace_as_suffix: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Normalizer {
  private readonly rules: Rules | null;

  /** `charsmap`: the precompiled rules, or null; `fixed`: texts that no rule changes, the longest that fits counts. */
  constructor(private readonly flags: Flags, charsmap: Uint8Array | null, private readonly fixed: readonly string[]) {
    this.rules = charsmap && new Rules(charsmap);
  }

  normalize(text: string): Normalized {
    const bytes = encoder.encode(text);
    const { add_dummy_prefix, remove_extra_whitespaces, whitespace_as_suffix } = this.flags;
    const [characters, origins]: [string[], number[]] = [[], []];
    const add = (made: string, origin: number) => {
      for (const character of made) {
        characters.push(character === " " ? META : character);
        origins.push(origin);
      }
    };
    let at = 0;
    if (remove_extra_whitespaces) {
      while (at < bytes.length) {
        const { made, read } = this.prefix(bytes, at);
        if (made !== " ") break;
        at += read;
      }
    }
    if (at === bytes.length) return { characters, origins: [at] };
    if (add_dummy_prefix && !whitespace_as_suffix) add(" ", at);
    let afterSpace = remove_extra_whitespaces;
    while (at < bytes.length) {
      const { made, read } = this.prefix(bytes, at);
      const kept = afterSpace ? made.replace(/^ +/, "") : made;
      add(kept, at);
      if (kept) afterSpace = kept.endsWith(" ");
      if (!remove_extra_whitespaces) afterSpace = false;
      at += read;
    }
    if (remove_extra_whitespaces) {
      while (characters.at(-1) === META) {
        characters.pop();
        at = origins.pop()!;
      }
    }
    if (add_dummy_prefix && whitespace_as_suffix) add(" ", at);
    return { characters, origins: [...origins, at] };
  }

  /** What the text from byte `at` on begins with: what is made of it, of so many bytes. */
  private prefix(bytes: Uint8Array, at: number): { made: string; read: number } {
    const symbol = this.fixedAt(bytes, at);
    if (symbol) return { made: symbol, read: encoder.encode(symbol).length };
    const rule = this.rules?.longest(bytes, at);
    if (rule) return rule;
    const read = characterLength(bytes[at]);
    return { made: decoder.decode(bytes.subarray(at, at + read)), read };
  }

  private fixedAt(bytes: Uint8Array, at: number): string | null {
    if (this.fixed.length === 0) return null;
    const rest = decoder.decode(bytes.subarray(at));
    return this.fixed.filter((symbol) => rest.startsWith(symbol)).reduce((a: string | null, b) => (a && a.length > b.length ? a : b), null);
  }
}

const characterLength = (first: number): number => (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);

/**
 * SentencePiece's precompiled_charsmap: the size of a trie, the trie, and the texts that its leaves point to, each up
 * to a zero. The trie is a double array (Aoe 1989) in the layout of Darts-clone: of a unit, bits 0 to 7 and 31 are its
 * label, bit 8 says that it has a leaf, bits 10 to 30 are the offset of its children, times 256 where bit 9 is set.
 */
class Rules {
  private readonly units: Uint32Array;
  private readonly texts: Uint8Array;

  constructor(blob: Uint8Array) {
    const size = new DataView(blob.buffer, blob.byteOffset).getUint32(0, true);
    if (size % 4 !== 0 || size + 4 > blob.length) throw new Error("the tokenizer's rules are cut off");
    this.units = new Uint32Array(blob.slice(4, 4 + size).buffer);
    this.texts = blob.subarray(4 + size);
  }

  /** The longest rule for what stands at byte `at`. */
  longest(bytes: Uint8Array, at: number): { made: string; read: number } | null {
    let [node, found, read] = [offset(this.units[0]), -1, 0];
    for (let i = at; i < bytes.length; i++) {
      node ^= bytes[i];
      const unit = this.units[node] ?? 0;
      if (((unit & 0x800000ff) >>> 0) !== bytes[i]) break;
      node ^= offset(unit);
      if ((unit >>> 8) & 1) [found, read] = [this.units[node] & 0x7fffffff, i + 1 - at];
    }
    return found < 0 ? null : { made: decoder.decode(this.texts.subarray(found, this.texts.indexOf(0, found))), read };
  }
}

const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
