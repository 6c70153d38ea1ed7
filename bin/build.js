// Bundles src to dist, writes the manifest that lets npmon start without loading every command, and the code that V8
// makes of the bundle.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Plugin } from "@oclif/core";
import { build } from "esbuild";
import { BUNDLE } from "./load.js";

const root = fileURLToPath(new URL("..", import.meta.url));

rmSync(`${root}dist`, { recursive: true, force: true });
rmSync(`${root}oclif.manifest.json`, { force: true });

// Evaluated when it is called, which it hardly ever is: its regular expressions take some 15 ms to make.
const late = {
  name: "late",
  setup(build) {
    const namespace = "late";
    build.onResolve({ filter: /^string-width$/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace } : null,
    );
    build.onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `module.exports = (...values) => require("${path}").default(...values);`,
      resolveDir: root,
    }));
  },
};
const options = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  // native code, which finds its files beside its own
  external: ["koffi", "@duckdb/node-api"],
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
  plugins: [late],
};
await build({
  ...options,
  entryPoints: ["src/main.cts"],
  outfile: BUNDLE,
  format: "cjs",
  banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: { "import.meta.url": "bundleUrl" },
  // a script has no loader of modules to import what comes later
  supported: { "dynamic-import": false },
});
await build({
  ...options,
  entryPoints: { "ebpf/index": "src/ebpf/index.ts", complete: "src/completion/complete.ts" },
  outdir: "dist",
  splitting: true,
  chunkNames: "complete/[name]-[hash]",
  format: "esm",
});
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "src/ebpf"], {
  cwd: root,
  stdio: "inherit",
});

const plugin = new Plugin({
  root,
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
});
await plugin.load();
writeFileSync(`${root}oclif.manifest.json`, JSON.stringify(plugin.manifest, null, 2));

// with no variable that npmon would take for its configuration
execFileSync(process.execPath, ["bin/keep-code.js"], { cwd: root, env: {}, stdio: "ignore" });
