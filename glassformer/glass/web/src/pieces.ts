// A vocabulary's pieces as text: how one is read, and what several spell.

/** A piece as people read it: without the sign for a space. */
export const pieceLabel = (piece: string): string => piece.replaceAll(SPACE, " ").trim() || piece;

const SPACE = "▁"; // SentencePiece's sign for the space before a word
const BYTE = /^<0x([0-9A-F]{2})>$/;

/** The byte that a piece spells, as two hexadecimal digits; null if it is no byte. */
export const byteOf = ({ piece }: { readonly piece: string }): string | null => BYTE.exec(piece)?.[1] ?? null;

/** The text that pieces spell; bytes are put together again. */
export function spell(pieces: readonly string[]): string {
  const bytes = pieces.flatMap((piece) => {
    const byte = byteOf({ piece });
    return byte ? [parseInt(byte, 16)] : [...new TextEncoder().encode(piece.replaceAll(SPACE, " "))];
  });
  return new TextDecoder().decode(Uint8Array.from(bytes)).trim();
}
