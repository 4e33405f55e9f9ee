/** Builds ../static/widget.js, and fails when it outgrows its budget. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const BUDGET = 30_000; // bytes, gzipped

const out = new URL("../static/", import.meta.url).pathname;

/** Style sheets become minified strings, for `CSSStyleSheet.replaceSync`. */
export const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        loader: "css",
        minify: true,
      });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

const settings = {
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  plugins: [styles],
  write: false,
};
const source = (name) => new URL(`src/${name}.ts`, import.meta.url).pathname;

const { outputFiles } = await build({
  ...settings,
  entryPoints: [source("index")],
  outfile: `${out}widget.js`,
  format: "iife",
  // Beside the script and not named in it: browsers need not ask for it.
  sourcemap: "external",
  banner: { js: "/* Front Door chat widget, Apache-2.0. */" },
});
// The audio thread takes a script of its own, fetched by whoever talks.
const worklet = await build({
  ...settings,
  entryPoints: [source("worklet")],
  outfile: `${out}worklet.js`,
  format: "esm",
  banner: { js: "/* Front Door chat widget: its audio thread. Apache-2.0. */" },
});

const script = outputFiles.find(({ path }) => path.endsWith("widget.js"));
const size = gzipSync(script.contents, { level: 9 }).length;
if (size > BUDGET) {
  console.error(`widget.js is ${size} bytes gzipped; the budget is ${BUDGET}`);
  process.exit(1);
}
await mkdir(out, { recursive: true });
for (const { path, contents } of [...worklet.outputFiles, ...outputFiles]) {
  await writeFile(path, contents);
}
console.log(`widget.js: ${script.contents.length} bytes, ${size} gzipped (budget ${BUDGET})`);
