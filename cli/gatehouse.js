#!/usr/bin/env node
// The command `gatehouse`: the compiled program of a package; in a clone, which has the sources, these.
const fs = require("node:fs");
const path = require("node:path");

if (fs.existsSync(path.join(__dirname, "index.ts"))) {
  const root = path.join(__dirname, "..");
  if (!fs.existsSync(path.join(root, "node_modules", "ts-node"))) {
    process.stderr.write("gatehouse: this clone is not set up yet\n  fix: npm start (sets everything up), or npm ci\n");
    process.exit(1);
  }
  require("ts-node").register({ cwd: root, transpileOnly: true, swc: true });
  require("./index.ts").run();
} else {
  require("../dist/cli/index.js").run();
}
