// Builds the whole page, script and styles inline, into one file: ../static/page.html, and beside it NOTICES.txt, the
// licences of the packages that are bundled in it.
// `node build.mjs --verify` writes nothing and fails if those files are not what the sources build.
import { createHash } from "node:crypto";
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = process.env.GLASS_OUT ?? here("../static/page.html");

const { outputFiles, metafile } = await build({
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
  legalComments: "none", // NOTICES.txt has them whole
  metafile: true,
});
const output = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text.trim();

// Inside <script> and <style> only "</" could end the element early; both spellings below mean the same.
const script = output(".js").replaceAll("</script", "<\\/script").replaceAll("<!--", "\\x3c!--");
const style = output(".css").replaceAll("</style", "<\\/style");
const template = await readFile(here("src/page.html"), "utf8");

// The packages that esbuild bundled, and the licence of each: a new dependency cannot be forgotten.
const packageOf = (path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
const bundled = new Set(Object.keys(metafile.inputs).map(packageOf).filter(Boolean));
async function notice(name) {
  const { version } = JSON.parse(await readFile(here(`node_modules/${name}/package.json`), "utf8"));
  return `${name} ${version}\n\n${(await readFile(here(`node_modules/${name}/LICENSE`), "utf8")).trim()}\n`;
}
const notices = (await Promise.all([...bundled].map(notice))).join(`\n${"=".repeat(80)}\n\n`);

// The page's Content-Security-Policy lets these two run, and nothing else that text could smuggle into it.
const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

const inComment = notices.replaceAll(/-(?=-)/g, "- "); // "--" could end an HTML comment
const page = template
  .replace("__LICENCES__", () => inComment)
  .replace("__STYLE_HASH__", hash(style))
  .replace("__SCRIPT_HASH__", hash(script))
  .replace("__STYLE__", () => style)
  .replace("__SCRIPT__", () => script);

const files = [
  [target, page],
  [join(dirname(target), "NOTICES.txt"), `page.html contains parts of these packages.\n\n${notices}`],
];
if (process.argv.includes("--verify")) {
  for (const [path, built] of files) {
    if ((await readFile(path, "utf8").catch(() => "")) !== built) {
      console.error(`static/${basename(path)} is not what web/ builds; run \`npm run build\` in glassformer/glass/web`);
      process.exitCode = 1;
    }
  }
} else {
  await mkdir(dirname(target), { recursive: true });
  for (const [path, built] of files) {
    await writeFile(path, built);
    console.log(`${path}: ${(Buffer.byteLength(built) / 1024).toFixed(0)} KB`);
  }
}
