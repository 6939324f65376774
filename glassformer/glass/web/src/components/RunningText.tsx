// A sentence as one run of text, its tokens underlined in turn. Never one box per token: scripts such as
// Devanagari shape across the border of two tokens, and a box would break the word.

import type { Axis, Token } from "../record";

interface Props {
  axis: Axis;
  selected?: number | null;
  onSelect?(token: number): void;
  strength?(token: number): number; // 0 to 1: how strongly a token is marked
}

export function RunningText({ axis, selected = null, onSelect, strength }: Props) {
  const characters = Array.from(axis.text ?? ""); // spans count code points, as Python does
  const between = (from: number, to?: number) => characters.slice(from, to).join("");
  let end = 0;
  return (
    <p class="running-text" dir="auto">
      {(axis.tokens ?? []).map((token, i) => {
        if (token.special || token.end <= end) return null;
        const before = between(end, token.start);
        const shown = between(Math.max(token.start, end), token.end);
        end = token.end;
        const lead = shown.length - shown.trimStart().length;
        return [
          before + shown.slice(0, lead),
          <Piece key={i} text={shown.slice(lead)} token={token} i={i} on={selected === i} strength={strength?.(i)} onSelect={onSelect} />,
        ];
      })}
      {between(end)}
    </p>
  );
}

interface PieceProps {
  text: string;
  token: Token;
  i: number;
  on: boolean;
  strength?: number;
  onSelect?(token: number): void;
}

function Piece({ text, token, i, on, strength, onSelect }: PieceProps) {
  const style = strength === undefined ? undefined : { "--strength": strength.toFixed(3) };
  return (
    <span
      class={`piece ${i % 2 ? "odd" : "even"} ${on ? "on" : ""} ${strength === undefined ? "" : "marked"}`}
      style={style}
      title={`${token.piece} · id ${token.id}`}
      onClick={onSelect && (() => onSelect(i))}
    >
      {text}
    </span>
  );
}
