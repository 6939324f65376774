// Imports run one way: no file of the page imports itself through others, not even for a type.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"));

function importsOf(file: string): string[] {
  const paths = [...readFileSync(join(root, file), "utf8").matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"/gm)].map(([, path]) => path);
  return paths.map((path) => {
    const base = relative(root, join(root, dirname(file), path));
    return [`${base}.ts`, `${base}.tsx`, `${base}/index.ts`].find((name) => files.includes(name)) ?? `${file} imports ${path}, which is not there`;
  });
}

/** The first circle there is, as the files along it; null if there is none. */
function circle(imports: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of imports.get(file) ?? []) {
      const found = walk(next, [...path, file]);
      if (found) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const found = walk(file, []);
    if (found) return found;
  }
  return null;
}

test("a circle is found", () => expect(circle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]))).toEqual(["b", "c", "b"]));

test("there is none in the page", () => {
  const imports = new Map(files.map((file) => [file, importsOf(file)]));
  expect(imports.get("explain.ts")).toContain("ops/index.ts"); // the reader of imports sees some that are there
  expect([...imports.values()].flat().filter((name) => !files.includes(name))).toEqual([]);
  expect(circle(imports)).toBeNull();
});
