// What every view begins with: its title, a menu to take it along, and one sentence that says what one sees.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { pictureOf } from "../export/picture";
import { tablesOf } from "../export/tablesOf";
import { Export } from "./Export";

export function Frame({ title, lead, children }: { title: string; lead?: ComponentChildren; children?: ComponentChildren }) {
  const view = useRef<HTMLElement>(null);
  return (
    <section class="view" aria-labelledby="view-title" ref={view}>
      <div class="view-head">
        <h2 id="view-title">{title}</h2>
        <Export what="this view" picture={() => pictureOf(view.current!)} tables={() => tablesOf(view.current!)} />
      </div>
      {lead && <p class="lead">{lead}</p>}
      {children}
    </section>
  );
}
