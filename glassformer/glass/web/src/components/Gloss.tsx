// What words of the target mean, where the record says it, for who does not read that language. Always text, never markup.

import { meaning, shortMeaning } from "../meaning";
import { pieceLabel } from "../pieces";
import type { Trace } from "../record";
import "./Gloss.css";

interface Said {
  readonly piece: string;
  readonly text: string;
}

const nameOf = ({ piece, text }: Said): string => text.trim() || pieceLabel(piece);
/** A token, and beside it what it means if it is a word. */
export function Glossed({ trace, token }: { trace: Trace; token: Said }) {
  const inside = token.piece !== "" && !token.piece.startsWith("▁"); // a piece that goes on with a word is none
  const all = inside ? null : meaning(trace, nameOf(token));
  return <span class="glossed" title={all ?? undefined}><bdi>{nameOf(token)}</bdi>{all && <small class="gloss"> {shortMeaning(trace, nameOf(token))}</small>}</span>;
}

/** A sentence of the target, under each word what it means; as it stands where no meaning is known. */
export function Interlinear({ trace, text }: { trace: Trace; text: string }) {
  const words = text.split(/\s+/).filter(Boolean);
  if (!words.some((word) => meaning(trace, word))) return <>{text}</>;
  return (
    <span class="interlinear">
      {words.map((word, i) => [
        i > 0 && " ",
        <span key={i} class="interlinear-word" title={meaning(trace, word) ?? undefined}><bdi>{word}</bdi><small class="gloss">{shortMeaning(trace, word) ?? "\u00a0"}</small></span>,
      ])}
    </span>
  );
}

const SHORT = [["m.", "masculine"], ["f.", "feminine"], ["pl.", "plural"]] as const;

/** What the abbreviations below these words stand for. */
export function Abbreviations({ trace, words }: { trace: Trace; words: readonly string[] }) {
  const below = words.map((word) => shortMeaning(trace, word) ?? "");
  const used = SHORT.filter(([short]) => below.some((one) => /\(([^)]*)\)/.exec(one)?.[1].split(" ").includes(short)));
  return used.length ? <p class="gloss">{used.map(([short, long]) => `${short} ${long}`).join(", ")}</p> : null;
}
