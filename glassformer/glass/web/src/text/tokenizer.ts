// Text to ids and back, as the model's own tokenizer does it (Python: text/tokenizer.py, which asks SentencePiece).
// tests/glass/test_page_tokenizer.py holds this one to that one, on text of all scripts.

import { decode, type TokenizerData } from "../record";
import { bpe } from "./bpe";
import { META, Normalizer } from "./normalizer";
import { unigram } from "./unigram";
import { Vocabulary } from "./vocabulary";

/** One token, and the characters (code points) from start to end of the text that it stands for. */
export interface TextToken {
  readonly id: number;
  readonly piece: string;
  readonly start: number;
  readonly end: number;
  readonly control: boolean; // it stands for no text
}

const LARGEST_RULES = 8_000_000; // bytes, unpacked
const REPLACEMENT = "\ufffd";
const encoder = new TextEncoder();

export class Tokenizer {
  private readonly vocabulary: Vocabulary;
  private readonly normalizer: Normalizer;
  private readonly control: ReadonlySet<number>;

  private constructor(private readonly data: TokenizerData, readonly pieces: readonly string[], charsmap: Uint8Array | null) {
    this.vocabulary = new Vocabulary(pieces, data);
    this.normalizer = new Normalizer(data, charsmap, this.vocabulary.fixed);
    this.control = new Set(data.control);
  }

  static async open(data: TokenizerData, pieces: readonly string[]): Promise<Tokenizer> {
    return new Tokenizer(data, pieces, data.rules === null ? null : await unpacked(decode(data.rules, "uint8") as Uint8Array<ArrayBuffer>));
  }

  isControl = (id: number): boolean => this.control.has(id);

  /** The ids of a text, without control tokens. */
  encode = (text: string): number[] => this.tokens(text).map(({ id }) => id);

  /**
   * The tokens of a text, which holds no half of a surrogate pair, with their spans before any normalisation. What
   * was made from one character all has that character's span, such as its bytes.
   */
  tokens(text: string): TextToken[] {
    if (!text.includes(META)) return this.split(text);
    // The sign for a space, typed by a reader, must not be taken for one: another character stands in for it.
    const standIn = this.standIn(text);
    return this.withMeta(this.split(text.replaceAll(META, standIn)), this.bytesOf(standIn));
  }

  private split(text: string): TextToken[] {
    const { characters, origins } = this.normalizer.normalize(text);
    const places = charactersAtBytes(text);
    const splits = (this.data.kind === "bpe" ? bpe : unigram)(characters, this.vocabulary);
    const tokens = splits.flatMap(({ id, start, end }): TextToken[] => {
      const token = { id, piece: this.pieces[id], start: places[origins[start]], end: places[origins[end]], control: false };
      if (id !== this.vocabulary.unknown || !this.data.byte_fallback) return [token];
      const ids = this.bytesOf(characters.slice(start, end).join(""));
      return ids.map((byte, i) => ({ ...token, id: byte, piece: this.pieces[byte], end: i === ids.length - 1 ? token.end : token.start }));
    });
    return covering(this.data.byte_fallback ? tokens : this.joined(tokens));
  }

  /** Neighbours that are unknown are one, as far as there are no bytes to spell them with. */
  private joined(tokens: readonly TextToken[]): TextToken[] {
    const result: TextToken[] = [];
    for (const token of tokens) {
      const before = result.at(-1);
      if (before && before.id === this.vocabulary.unknown && token.id === before.id) result[result.length - 1] = { ...before, end: token.end };
      else result.push(token);
    }
    return result;
  }

  /** A character that is not in the text and that the vocabulary does not have. */
  private standIn(text: string): string {
    for (let code = 0x10fffd; ; code--) {
      const character = String.fromCodePoint(code);
      if (!text.includes(character) && !this.vocabulary.ids.has(character)) return character;
    }
  }

  private bytesOf = (text: string): number[] => Array.from(encoder.encode(text), (byte) => this.vocabulary.bytes[byte]);

  /** The bytes of META in the place of those of its stand-in. */
  private withMeta(tokens: readonly TextToken[], standIn: readonly number[]): TextToken[] {
    const result: TextToken[] = [];
    for (const token of tokens) {
      result.push(token);
      if (standIn.every((byte, i) => result.at(i - standIn.length)?.id === byte)) {
        result.splice(-standIn.length, standIn.length, ...this.bytesOf(META).map((id) => ({ ...token, id, piece: this.pieces[id] })));
      }
    }
    return result;
  }

  /** The text of ids; control tokens are skipped, bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string {
    const { add_dummy_prefix, remove_extra_whitespaces } = this.data;
    let [text, bytes, first, seen]: [string, number[], boolean, boolean] = ["", [], true, false];
    const flush = () => {
      text += spelt(bytes);
      bytes = [];
    };
    for (const id of ids) {
      if (this.isControl(id)) continue;
      if (this.vocabulary.isByte(id)) {
        bytes.push(this.vocabulary.bytes.indexOf(id));
        continue;
      }
      flush();
      if (seen || text !== "") first = false;
      let piece = this.pieces[id];
      seen = first && (add_dummy_prefix || remove_extra_whitespaces) && piece.startsWith(META);
      if (seen) piece = piece.slice(META.length);
      if (remove_extra_whitespaces) seen = false;
      text += piece.replaceAll(META, " ");
    }
    flush();
    return text;
  }

  /** The tokens of these ids, with their spans in the text that `decode` gives. */
  tokensOf(ids: readonly number[]): TextToken[] {
    const spoken = ids.filter((id) => !this.isControl(id));
    const text = Array.from(this.decode(ids));
    let [at, left, end] = [spoken.length && this.pieces[spoken[0]].startsWith(META) ? -1 : 0, 0, 0];
    let place = -1;
    return ids.map((id) => {
      if (this.isControl(id)) return this.controlToken(id, end);
      place++;
      let start = at;
      if (!this.vocabulary.isByte(id)) at += Array.from(this.pieces[id]).length;
      else {
        if (left === 0) {
          at++;
          const bytes = this.bytesOf(text[at - 1] ?? "");
          left = bytes.length && bytes.every((byte, i) => spoken[place + i] === byte) ? bytes.length : 1;
        }
        left--;
        start = at - 1;
      }
      end = Math.max(at, 0);
      return { id, piece: this.pieces[id], start: Math.max(start, 0), end, control: false };
    });
  }

  controlToken = (id: number, place: number): TextToken => ({ id, piece: this.pieces[id], start: place, end: place, control: true });
}

/** Tokens without a span of their own get that of what follows, of which they were made together. */
function covering(tokens: TextToken[]): TextToken[] {
  for (let place = tokens.length - 2; place >= 0; place--) {
    const [token, after] = [tokens[place], tokens[place + 1]];
    const made = token.start === token.end && token.end === after.start && (place > 0 || token.piece !== META);
    if (made) tokens[place] = { ...token, end: after.end };
  }
  return tokens;
}

/** For each place between the bytes of a text in UTF-8, how many characters begin before it. */
function charactersAtBytes(text: string): number[] {
  const places = [0];
  let number = 0;
  for (const character of text) {
    number++;
    for (let i = encoder.encode(character).length; i > 0; i--) places.push(number);
  }
  return places;
}

/** The characters that bytes spell; each byte that belongs to none is U+FFFD. */
function spelt(bytes: readonly number[]): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const found = [1, 2, 3, 4].map((length) => characterOf(bytes.slice(at, at + length))).find((one) => one !== null);
    text += found ?? REPLACEMENT;
    at += found ? encoder.encode(found).length : 1;
  }
  return text;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The one character that these bytes are, or null. */
function characterOf(bytes: readonly number[]): string | null {
  try {
    const text = strict.decode(Uint8Array.from(bytes));
    return Array.from(text).length === 1 ? text : null;
  } catch {
    return null;
  }
}

async function unpacked(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > LARGEST_RULES) throw new Error("the tokenizer's rules are too large");
    parts.push(part.value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
