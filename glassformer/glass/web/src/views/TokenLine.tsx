// A sentence as one run of text whose marks can be chosen: by pointer, or as a list with one tab stop and arrows.
// A mark is an inline span, never a box: Devanagari shapes across the border of two tokens.

import { useRef } from "preact/hooks";
import { runsOf, type Line } from "./sentenceLine";
import "./TokenLine.css";

interface Props {
  line: Line;
  label: string;
  selected: number | null;
  onSelect(mark: number | null): void;
  onHover?(mark: number | null): void;
  strength?(mark: number): number; // 0 to 1: how strongly a mark is lit
  alike?(mark: number): boolean; // marked as belonging to the chosen one
}

export function TokenLine({ line, label, selected, onSelect, onHover, strength, alike }: Props) {
  const list = useRef<HTMLParagraphElement>(null);
  const { runs, rest } = runsOf(line);
  const focus = (i: number) => {
    const to = Math.min(Math.max(i, 0), line.marks.length - 1);
    onSelect(to);
    list.current!.querySelectorAll<HTMLElement>("[role=option]")[to]?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const at = selected ?? 0;
    const forward = getComputedStyle(list.current!).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") focus(selected === null ? 0 : at + (event.key === forward ? 1 : -1));
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(line.marks.length - 1);
    else if (event.key === "Enter" || event.key === " ") onSelect(selected === null ? at : null);
    else if (event.key === "Escape") onSelect(null);
    else return;
    event.preventDefault();
  };
  return (
    <p class="token-line" dir="auto" role="listbox" aria-label={label} aria-orientation="horizontal" ref={list}
      onKeyDown={onKey} onMouseLeave={() => onHover?.(null)}>
      {line.marks.map((mark, i) => {
        const { before, shown } = runs[i];
        const light = strength?.(i) ?? 0;
        const on = `${selected === i ? "on" : ""} ${alike?.(i) ? "alike" : ""} ${light > 0 ? "marked" : ""}`;
        const common = {
          role: "option" as const,
          "aria-selected": selected === i,
          tabIndex: i === (selected ?? 0) ? 0 : -1,
          style: light > 0 ? { "--strength": light.toFixed(3) } : undefined,
          onClick: () => onSelect(selected === i ? null : i),
          onMouseEnter: () => onHover?.(i),
        };
        return [
          before,
          shown
            ? <span key={i} class={`piece ${i % 2 ? "odd" : "even"} ${on}`} {...common}>{shown}</span>
            : <bdi key={i} class={`control-token ${on}`} {...common}>{mark.text}</bdi>,
        ];
      })}
      {rest}
    </p>
  );
}
