import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const lib = path.resolve(__dirname, "../../../tools/lib");

/** The tools are ES modules, which jest cannot load: a script with their exports at hand, run by node, gives its result. */
function evaluate<T>(module: string, script: string): T {
  const code = `import * as lib from ${JSON.stringify(path.join(lib, module))};
    const result = await (async () => { ${script} })();
    console.log(JSON.stringify(result));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-tools-"))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

describe("the hash of the engine's inputs", () => {
  const hash = (go = "go1.26.0"): string =>
    evaluate("engine-build.mjs", `return lib.inputsHash(${JSON.stringify(folder)}, ${JSON.stringify(go)})`);

  it("stays while nothing changes, and changes with a content, a name and the version of Go", () => {
    const file = path.join(folder, "go.mod");
    fs.writeFileSync(file, "module a");
    const first = hash();
    expect(hash()).toBe(first);
    expect(hash("go1.26.1")).not.toBe(first);
    fs.writeFileSync(file, "module b");
    const second = hash();
    expect(second).not.toBe(first);
    fs.renameSync(file, path.join(folder, "go.sum"));
    expect(hash()).not.toBe(second);
  });
});

describe("a lock", () => {
  const file = (): string => JSON.stringify(path.join(folder, "lock"));

  it("lets one in at a time", () => {
    const log = evaluate<string[]>(
      "lock.mjs",
      `const log = [];
       const work = (name) => lib.withLock(${file()}, async () => {
         log.push(name + " in"); await new Promise((done) => setTimeout(done, 20)); log.push(name + " out");
       });
       await Promise.all([work("a"), work("b")]);
       return log;`,
    );
    expect(log).toEqual(["a in", "a out", "b in", "b out"]);
  });

  it("of a process that is gone holds nobody up", () => {
    fs.writeFileSync(path.join(folder, "lock"), JSON.stringify({ pid: 4_194_304, started: "1" }));
    expect(evaluate("lock.mjs", `return lib.withLock(${file()}, async () => "in")`)).toBe("in");
  });
});

it("the environment keeps what the user has set, and protects our own state only", () => {
  const cache = JSON.stringify(folder);
  const result = evaluate<Record<string, string>[]>(
    "environment.mjs",
    `const paths = { state: ${cache} + "/state", passphrase: ${cache} + "/passphrase", pulumiHome: ${cache} + "/home" };
     const engine = { kind: "built", path: ["/engine/bin"] };
     for (const name of Object.keys(process.env)) if (name.startsWith("PULUMI_")) delete process.env[name];
     const ours = lib.environment(engine, paths);
     process.env.PULUMI_BACKEND_URL = "s3://theirs";
     return [ours, lib.environment(engine, paths)];`,
  );
  const [ours, theirs] = result;
  expect(ours?.PULUMI_BACKEND_URL).toBe(`file://${folder}/state`);
  expect(ours?.PATH?.split(":")[0]).toBe("/engine/bin");
  const passphrase = ours?.PULUMI_CONFIG_PASSPHRASE_FILE ?? "";
  expect(fs.statSync(passphrase).mode & 0o777).toBe(0o600);
  expect(fs.readFileSync(passphrase, "utf8").trim().length).toBeGreaterThanOrEqual(43);
  expect(theirs?.PULUMI_BACKEND_URL).toBe("s3://theirs");
  expect(theirs?.PULUMI_CONFIG_PASSPHRASE_FILE).toBeUndefined();
});

it("a command of somebody's own leaves committed settings without a salt, unless they hold secrets", () => {
  const settings = (name: string): string => path.join(folder, `Pulumi.${name}.yaml`);
  const plain = "config:\n  a:b: { c: d }\n";
  const secret = "config:\n  a:b:\n    secure: v1:xyz\n";
  fs.writeFileSync(settings("plain"), plain);
  fs.writeFileSync(settings("secret"), secret);
  evaluate(
    "stack-config.mjs",
    `const fs = await import("node:fs");
     return lib.keepingSaltOut(${JSON.stringify(folder)}, async () => {
       for (const file of ${JSON.stringify([settings("plain"), settings("secret")])}) {
         // As pulumi does it: the whole file is written anew, in its own layout.
         const text = fs.readFileSync(file, "utf8").replaceAll("{ ", "{").replaceAll(" }", "}");
         fs.writeFileSync(file, text + "encryptionsalt: v1:abc\\n");
       }
       return 0;
     });`,
  );
  expect(fs.readFileSync(settings("plain"), "utf8")).toBe(plain);
  expect(fs.readFileSync(settings("secret"), "utf8")).toContain("encryptionsalt");
});
