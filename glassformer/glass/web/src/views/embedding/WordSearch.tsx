// A field to find a word of the map, by itself or by its gloss.

import { useId, useState } from "preact/hooks";
import type { MapWord } from "../../record";

export function WordSearch({ words, value, onChoose }: { words: readonly MapWord[]; value: string; onChoose(word: number): void }) {
  const list = useId();
  const [missing, setMissing] = useState("");
  const find = (text: string) => {
    const sought = text.trim().toLowerCase();
    const at = [words.findIndex((word) => word.text.toLowerCase() === sought), words.findIndex((word) => word.gloss?.toLowerCase() === sought)].find((i) => i >= 0);
    if (at !== undefined) onChoose(at);
    setMissing(sought && at === undefined ? `No word “${text.trim()}” on the map.` : "");
  };
  return (
    <label class="choice">
      Word
      <input type="search" list={list} value={value} dir="auto" autocomplete="off" onChange={(event) => find(event.currentTarget.value)} />
      <datalist id={list}>{words.map(({ text, gloss }) => <option key={text} value={text}>{gloss}</option>)}</datalist>
      <span class="muted" role="status">{missing}</span>
    </label>
  );
}
