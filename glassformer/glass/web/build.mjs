// Builds the whole page, script and styles inline, into one file: ../static/page.html.
// `node build.mjs --verify` writes nothing and fails if that file is not what the sources build.
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = process.env.GLASS_OUT ?? here("../static/page.html");

const BUNDLED = ["preact", "@preact/signals", "@preact/signals-core", "d3-hierarchy"]; // whose licences want to be named

const { outputFiles } = await build({
  entryPoints: [here("src/main.tsx")],
  absWorkingDir: here("."),
  outdir: here("out"),
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
});
const output = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text.trim();

// Inside <script> and <style> only "</" could end the element early; both spellings below mean the same.
const script = output(".js").replaceAll("</script", "<\\/script").replaceAll("<!--", "\\x3c!--");
const style = output(".css").replaceAll("</style", "<\\/style");
const template = await readFile(here("src/page.html"), "utf8");
const licences = await Promise.all(BUNDLED.map(async (name) => `${name}\n\n${await readFile(here(`node_modules/${name}/LICENSE`), "utf8")}`));
const page = template.replace("__LICENCES__", () => licences.join("\n\n").replaceAll("--", "- -")).replace("__STYLE__", () => style).replace("__SCRIPT__", () => script);

if (process.argv.includes("--verify")) {
  const committed = await readFile(target, "utf8").catch(() => "");
  if (committed !== page) {
    console.error("static/page.html is not what web/src builds; run `npm run build` in glassformer/glass/web");
    process.exit(1);
  }
} else {
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, page);
  console.log(`${target}: ${(Buffer.byteLength(page) / 1024).toFixed(0)} KB`);
}
