// king - man + woman: the words nearest to where the walk ends, the three it is made of among them.

import type { EmbeddingMap } from "../../record";

export function Walks({ map, onChoose }: { map: EmbeddingMap; onChoose(word: number): void }) {
  return (
    <section class="card" aria-labelledby="embedding-walks">
      <h3 id="embedding-walks">A walk: king − man + woman</h3>
      <p class="muted">The rows are added and taken away; then the words nearest to the end. Most tables that show “queen” leave out the three words of the question. Here they stay in, and the list is as it falls.</p>
      {map.walks.map(({ start, minus, plus, found }) => (
        <div key={start} class="embedding-walk">
          <p><bdi>{start}</bdi> − <bdi>{minus}</bdi> + <bdi>{plus}</bdi> ≈</p>
          <ol>
            {found.map(([text, cosine]) => (
              <li key={text} class={[start, minus, plus].includes(text) ? "muted" : ""}>
                <button type="button" onClick={() => onChoose(map.words.findIndex((word) => word.text === text))}><bdi>{text}</bdi></button> {cosine.toFixed(2)}
              </li>
            ))}
          </ol>
        </div>
      ))}
    </section>
  );
}
