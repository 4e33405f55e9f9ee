/** Runs the unit tests: esbuild turns them into JavaScript, node's own runner runs them. */

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const tests = new URL("tests/", import.meta.url).pathname;
const out = await mkdtemp(join(tmpdir(), "widget-tests-"));
const names = (await readdir(tests)).filter((it) => it.endsWith(".test.ts"));
await build({
  entryPoints: names.map((it) => join(tests, it)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  sourcemap: "inline",
});
const files = names.map((it) => join(out, it.replace(/\.ts$/, ".mjs")));
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
  stdio: "inherit",
});
await rm(out, { recursive: true });
process.exit(status ?? 1);
