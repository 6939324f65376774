// An explanation, not numbers of the model: over what batch norm and layer norm take their mean.

import "./BatchOrLayer.css";

const [ROWS, COLUMNS] = [5, 8];

export const BatchOrLayer = () => (
  <section class="card explanation" aria-labelledby="batch-or-layer">
    <h3 id="batch-or-layer">Why layer norm and not batch norm?</h3>
    <p class="muted">A drawing to explain, not numbers of this model. Each line is a token, each column a feature.</p>
    <div>
      <Grid title="Batch norm" words="one feature, averaged over all tokens of the batch: it depends on what else is in the batch, and on padding" marked={(_, column) => column === 3} />
      <Grid title="Layer norm" words="one token, averaged over its own features: the same for any batch and any length" marked={(row) => row === 2} />
    </div>
  </section>
);

function Grid({ title, words, marked }: { title: string; words: string; marked(row: number, column: number): boolean }) {
  const cells = Array.from({ length: ROWS * COLUMNS }, (_, i) => [Math.floor(i / COLUMNS), i % COLUMNS] as const);
  return (
    <figure>
      <svg viewBox={`0 0 ${COLUMNS * 20 + 2} ${ROWS * 20 + 2}`} role="img" aria-label={`${title}: ${words}`}>
        {cells.map(([row, column]) => (
          <rect key={`${row} ${column}`} x={column * 20 + 2} y={row * 20 + 2} width={18} height={18} rx={3} class={marked(row, column) ? "on" : ""} />
        ))}
      </svg>
      <figcaption><b>{title}</b>: {words}.</figcaption>
    </figure>
  );
}
