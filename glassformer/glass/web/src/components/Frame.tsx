// What every view begins with: its title and one sentence that says what one sees.

import type { ComponentChildren } from "preact";

export function Frame({ title, lead, children }: { title: string; lead: ComponentChildren; children?: ComponentChildren }) {
  return (
    <section class="view" aria-labelledby="view-title">
      <h2 id="view-title">{title}</h2>
      <p class="lead">{lead}</p>
      {children}
    </section>
  );
}
