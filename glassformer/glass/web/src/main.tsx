// The page's start: read the document, show it, or say in one line why it cannot be shown.

import { render } from "preact";
import { Guard } from "./components/Guard";
import { Shell } from "./components/Shell";
import { parseDocument, RecordError, type PageDocument } from "./record";
import { open } from "./store";
import "./style.css";
import "./print.css";

function Failure({ message }: { message: string }) {
  return (
    <main class="failure">
      <h1>glassformer</h1>
      <p role="alert">{message}</p>
    </main>
  );
}

const FIRST_VIEWS = { lecture: "tour", compare: "compare", training: "training", trace: "story" };

/** Where the page opens; a training that ends with a whole trace of the trained model begins with that. */
function firstView({ kind, traces }: PageDocument): string {
  const whole = traces.at(-1)!.record.meta.detail !== "attention";
  return FIRST_VIEWS[kind === "training" && whole ? "trace" : kind] ?? "story";
}

function start(root: HTMLElement): void {
  try {
    const page = parseDocument(document.getElementById("document")!.textContent!);
    document.title = `${page.title} · glassformer`;
    open(page, firstView(page));
    render(<Guard><Shell /></Guard>, root);
  } catch (error) {
    if (!(error instanceof RecordError)) console.error(error);
    const message = error instanceof RecordError ? error.message : `The record could not be read: ${String(error)}`;
    render(<Failure message={message} />, root);
  }
}

start(document.getElementById("app")!);
