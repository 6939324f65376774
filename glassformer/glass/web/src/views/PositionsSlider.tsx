// A labelled slider over whole numbers, its value beside it.

import type { ComponentChildren } from "preact";

interface Props {
  label: string;
  value: number;
  least?: number;
  most: number;
  text?: ComponentChildren; // shown instead of the value
  onChange(value: number): void;
}

export function Slider({ label, value, least = 0, most, text, onChange }: Props) {
  return (
    <label class="choice">
      {label}
      <input class="positions-slider" type="range" aria-label={label} min={least} max={most} step={1} value={value} onInput={(event) => onChange(Number(event.currentTarget.value))} />
      <output class="positions-value">{text ?? value}</output>
    </label>
  );
}
