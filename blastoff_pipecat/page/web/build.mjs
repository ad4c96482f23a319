// Builds the page into ../static, or into the folder named after --out: the same bytes each time.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { out: { type: "string", default: join(here, "../static") } } });
const out = resolve(values.out);

const bundle = await build({
  absWorkingDir: here,
  entryPoints: ["src/page.ts"],
  outfile: "page.js",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none", // they stand in LICENSES.txt
  alias: { "@daily-co/daily-js": "./src/no-daily.ts" },
  metafile: true,
  write: false,
});
const css = await transform(await source("page.css"), {
  loader: "css",
  minify: true,
  target: ["chrome100", "firefox110", "safari16"],
});

await mkdir(out, { recursive: true });
await Promise.all([
  writeFile(join(out, "page.js"), bundle.outputFiles[0].contents),
  writeFile(join(out, "page.css"), css.code),
  writeFile(join(out, "index.html"), squeezed(await source("index.html"))),
  writeFile(join(out, "icon.svg"), squeezed(await source("icon.svg"))),
  writeFile(join(out, "LICENSES.txt"), await licences(bundle.metafile)),
]);

function source(name) {
  return readFile(join(here, name), "utf8");
}

/** Markup without its indentation. */
function squeezed(markup) {
  return markup.replace(/^\s+/gm, "");
}

/** The licences of every package that something in the bundle comes from. */
async function licences(metafile) {
  const [{ inputs }] = Object.values(metafile.outputs);
  const packages = new Set();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const inside = path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/);
    if (inside && bytesInOutput > 0) packages.add(inside[1]);
  }
  const texts = [];
  for (const name of [...packages].sort()) {
    const { version, license } = JSON.parse(await source(`node_modules/${name}/package.json`));
    texts.push(entry(`${name} ${version} (${license})`, await licenceOf(name)));
  }
  // What a package carries of somebody else's without saying so in its own licence.
  if (packages.has("@pipecat-ai/small-webrtc-transport"))
    texts.push(entry("wavtools (MIT), inside small-webrtc-transport", await source("licences/wavtools.txt")));
  return ["page.js contains parts of the following packages.\n", ...texts].join("\n");
}

function entry(title, text) {
  return `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${text.replace(/\r\n/g, "\n").trim()}\n`;
}

/** A package's licence: its own file, or, where it comes without one, the file of its repository. */
async function licenceOf(name) {
  const file = (await readdir(join(here, "node_modules", name))).find((each) => /^licen[cs]e/i.test(each));
  return source(file ? `node_modules/${name}/${file}` : `licences/${name.replace("/", "-").replace("@", "")}.txt`);
}
