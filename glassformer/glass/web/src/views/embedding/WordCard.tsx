// The chosen word: what is known of it, and the words whose rows point the same way.

import type { EmbeddingMap } from "../../record";

export function WordCard({ map, word, onChoose }: { map: EmbeddingMap; word: number; onChoose(word: number): void }) {
  const { text, gloss, part_of_speech, gender } = map.words[word];
  const facts = [part_of_speech, gender].filter(Boolean).join(", ");
  return (
    <section class="card embedding-word" aria-labelledby="embedding-word">
      <h3 id="embedding-word"><bdi>{text}</bdi>{gloss && <small class="muted"> <bdi>{gloss}</bdi></small>}</h3>
      {facts && <p class="muted">{facts}</p>}
      <p>Nearest, by the cosine of the rows without their common mean:</p>
      <ol class="embedding-near">
        {map.nearest[word].map(([other, cosine]) => (
          <li key={other}>
            <button type="button" onClick={() => onChoose(other)}><bdi>{map.words[other].text}</bdi></button>
            {map.words[other].gloss && <small class="muted"><bdi>{map.words[other].gloss}</bdi></small>}
            <meter min={0} max={1} value={Math.max(0, cosine)} aria-label={`cosine ${cosine.toFixed(2)}`} />
            <span>{cosine.toFixed(2)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
