// Where the words of the vocabulary lie in the space of embeddings: a map, what is near, where a walk ends, what a row tells.

import { useMemo } from "preact/hooks";
import { Choice } from "../components/Choice";
import { Frame } from "../components/Frame";
import type { Graph } from "../graph";
import { oneOf, useLinked } from "../linked";
import type { EmbeddingMap, Feature } from "../record";
import { colouring, FEATURES } from "./embedding/colours";
import { Probes } from "./embedding/Probes";
import { Scatter } from "./embedding/Scatter";
import { Walks } from "./embedding/Walks";
import { WordCard } from "./embedding/WordCard";
import { WordSearch } from "./embedding/WordSearch";
import "./embedding/Embeddings.css";

const LEAD = "Each word of the vocabulary is a row of numbers, a point in a space of many dimensions. The map shows the two directions in which these rows differ most; words that are used alike lie together, as far as this model has learnt it.";

export function Embeddings({ graph }: { graph: Graph }) {
  const maps = graph.trace.embeddings!;
  const sides = Object.keys(maps);
  const [side, setSide] = useLinked("map_of", oneOf(sides), sides[0]);
  return (
    <Frame title="Embedding map" lead={LEAD}>
      {sides.length > 1 && <div class="controls"><Choice label="Words of the" value={side} options={sides.map((one) => [one, one] as const)} onChange={setSide} /></div>}
      <Side key={side} map={maps[side]} />
    </Frame>
  );
}

function Side({ map }: { map: EmbeddingMap }) {
  const names = map.groups.map(({ name }) => name);
  const [groupName, setGroup] = useLinked("map_words", oneOf(names), names[names.length - 1]);
  const features = FEATURES.filter((feature) => map.words.some((word) => word[feature]));
  const [feature, setFeature] = useLinked<Feature | "none">("map_colours", oneOf([...features, "none"]), features.at(-1) ?? "none");
  const texts = useMemo(() => map.words.map(({ text }) => text), [map]);
  const group = map.groups.find(({ name }) => name === groupName)!;
  const [text, setText] = useLinked("map_word", oneOf(texts), texts[group.words[0]]);
  const colours = useMemo(() => (feature === "none" ? null : colouring(map, feature)), [map, feature]);
  const chosen = texts.indexOf(text);
  const choose = (word: number) => setText(texts[word]);
  return (
    <>
      <div class="controls">
        <WordSearch words={map.words} value={text} onChoose={choose} />
        {names.length > 1 && <Choice label="Show" value={groupName} options={names.map((name) => [name, name] as const)} onChange={setGroup} />}
        {features.length > 0 && (
          <Choice label="Colours" value={feature} onChange={setFeature}
            options={[...features.map((one) => [one, one.replaceAll("_", " ")] as const), ["none", "none"] as const]} />
        )}
      </div>
      <div class="map-and-word">
        <Scatter map={map} group={group} colours={colours} chosen={chosen} onChoose={choose} />
        <WordCard map={map} word={chosen} onChoose={choose} />
      </div>
      <div class="map-measures">
        {map.probes.length > 0 && <Probes probes={map.probes} />}
        {map.walks.length > 0 && <Walks map={map} onChoose={choose} />}
      </div>
    </>
  );
}
