// The menu by which a view, or one matrix of it, is taken along.

import { useRef, useState } from "preact/hooks";
import { fileName, save, toPng, type Format } from "../export/save";
import { serialised } from "../export/svg";
import { toCsv, toLatex, type Table } from "../export/table";
import { chosenView } from "../store";
import "./Export.css";

interface Props {
  what: string; // what is exported, in words
  matrix?: number; // its number in the record
  picture(): SVGElement;
  tables(): readonly Table[];
}

const FORMATS: readonly (readonly [Format, string])[] = [["svg", "SVG"], ["png", "PNG"], ["csv", "CSV"], ["tex", "LaTeX"]];

export function Export({ what, matrix, picture, tables }: Props) {
  const [said, say] = useState("");
  const menu = useRef<HTMLDetailsElement>(null);
  const write = async (format: Format) => {
    const name = fileName(chosenView.value, matrix ?? null, format);
    const content = await contentOf(format, picture, tables);
    if (content) save(name, format, content);
    say(content ? `${name} saved` : format === "png" ? "the browser cannot draw that large a picture" : "there is no table here");
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu.current?.open) return;
    menu.current.open = false;
    menu.current.querySelector("summary")!.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <details class="export" ref={menu} onKeyDown={onKey} onToggle={() => say("")}>
      <summary aria-label={`Export ${what}`}>Export</summary>
      <div class="export-menu">
        {FORMATS.map(([format, text]) => <button key={format} onClick={() => write(format)}>{text}</button>)}
        <span role="status" class="muted">{said}</span>
      </div>
    </details>
  );
}

async function contentOf(format: Format, picture: Props["picture"], tables: Props["tables"]): Promise<string | Blob | null> {
  if (format === "svg") return serialised(picture());
  if (format === "png") return toPng(picture()).catch(() => null);
  const found = tables();
  return found.length === 0 ? null : format === "csv" ? toCsv(found) : toLatex(found);
}
