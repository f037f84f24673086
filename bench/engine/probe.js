// Loaded into the stack program before anything else (NODE_OPTIONS): measures the proof, which the bare program does not
// have, or leaves it out where there are no containers to prove anything in. The program itself is unchanged.
"use strict";
const { appendFileSync } = require("node:fs");
const Module = require("node:module");

const STEPS = { waitUntilServed: [], proveEdges: { failures: [], checks: 0 } };
const load = Module._load;

Module._load = function (...args) {
  const exports = load.apply(this, args);
  let replaced = exports;
  if (!/\/(readiness|run)$/.test(String(args[0]))) return exports;
  for (const [name, nothing] of Object.entries(STEPS)) {
    const original = exports[name];
    if (typeof original !== "function") continue;
    const measured = async (...input) => {
      if (process.env.GATEHOUSE_BENCH_PROOF === "skip") return nothing;
      const start = Date.now();
      try {
        return await original(...input);
      } finally {
        const line = { step: name, seconds: (Date.now() - start) / 1000 };
        appendFileSync(process.env.GATEHOUSE_BENCH_PROBE, `${JSON.stringify(line)}\n`);
      }
    };
    // A copy: what a compiler exports may not be written to.
    replaced = { ...replaced, [name]: measured };
  }
  return replaced;
};
