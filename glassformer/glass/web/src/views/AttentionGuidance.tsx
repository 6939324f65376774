// What the ribbons of this kind of attention show, before a word is chosen; and that they are not yet a reason.

import type { Tensor } from "../record";
import { openView } from "../store";

interface Props {
  tensor: Tensor;
  written: boolean; // the words below are those that the decoder's steps write
  editable: boolean;
}

export const AttentionGuidance = ({ tensor, written, editable }: Props) => (
  <p class="attention-guidance card">
    <b>Choose a word</b> {whatItShows(tensor, written)} Attention says where a model reads, not yet what it makes of it, and every head reads
    differently. {editable && (
      <>To be sure, <button class="link" onClick={() => openView("edit")}>change what is read</button> and see which words of the translation follow.</>
    )}
  </p>
);

function whatItShows({ axes }: Tensor, written: boolean): string {
  const [queries, keys] = axes.slice(-2);
  const below = written ? "a word below stands for the step that writes it" : "the words that look stand below";
  if (queries !== keys) return `to see which words of the source are read for it, or who reads it: ${below}.`;
  if (queries === "target") {
    return `to see what has been written before that it looks back at: ${below}. What comes later is masked, for it does not exist yet while one translates.`;
  }
  return "to see which words of its own sentence it looks at, before and after it.";
}
