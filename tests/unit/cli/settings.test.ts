import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";

import { Failure } from "../../../cli/failure";
import { Settings, settingsOf } from "../../../cli/settings";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "gatehouse-settings-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, "Pulumi.dev.yaml");
  writeFileSync(file, text);
  return file;
}

const read = (file: string): string => readFileSync(file, "utf8");

const ENTRY = { serial: "0123456789", at: "2026-11-22T10:00:00.000Z" };

/** Text of a file after one change. */
function edited(text: string, change: (settings: Settings) => void): string {
  const file = fileOf(text);
  const settings = new Settings(file);
  change(settings);
  settings.save();
  return read(file);
}

it.each(["Pulumi.dev.yaml", "Pulumi.prod.yaml"])("adds a list to %s and changes no other line", (name) => {
  const text = read(resolve(__dirname, "../../..", name));
  const after = edited(text, (it) => it.append("revoked", ENTRY));
  expect(after).toBe(`${text}  gatehouse:revoked:\n    - serial: "0123456789"\n      at: "2026-11-22T10:00:00.000Z"\n`);
});

it("adds to a list in the middle, with its comments and those around it", () => {
  const text = `# top
config:
  # who is out
  gatehouse:revoked: # newest last
    # lost laptop
    - serial: "AA" # ada's
      at: "2026-01-01T00:00:00Z"

  # the entry
  gatehouse:proxy: { hosts: {} } # later
`;
  expect(edited(text, (it) => it.append("revoked", { serial: "BB" }))).toBe(`# top
config:
  # who is out
  gatehouse:revoked:
    # newest last
    # lost laptop
    - serial: "AA" # ada's
      at: "2026-01-01T00:00:00Z"
    - serial: "BB"

  # the entry
  gatehouse:proxy: { hosts: {} } # later
`);
});

it("sets and removes entries of a map, and says whether there was one", () => {
  const text =
    "config:\n  gatehouse:devices:\n    ada: # hers\n      owner: ada\n    bob:\n      owner: bob\n  x:y: 1\n";
  const settings = new Settings(fileOf(text));
  settings.set("devices", "eve", { owner: "eve", generation: 2 });
  expect(settings.remove("devices", "bob")).toBe(true);
  expect(settings.remove("devices", "bob")).toBe(false);
  settings.save();
  const after = read(settings.file);
  expect(after).toContain("# hers");
  expect(parse(after)).toEqual({
    config: { "gatehouse:devices": { ada: { owner: "ada" }, eve: { owner: "eve", generation: 2 } }, "x:y": 1 },
  });
  expect(settings.get("devices")).toEqual({ ada: { owner: "ada" }, eve: { owner: "eve", generation: 2 } });
});

it("takes entries out of a list, and keeps the comments of the others", () => {
  const text = "config:\n  gatehouse:revoked:\n    # lost\n    - serial: AA\n    # sold\n    - serial: BB\n  x:y: 1\n";
  const settings = new Settings(fileOf(text));
  expect(settings.removeFrom("revoked", (it) => it.serial === "BB")).toBe(1);
  expect(settings.removeFrom("revoked", (it) => it.serial === "BB")).toBe(0);
  expect(settings.removeFrom("devices", () => true)).toBe(0);
  settings.save();
  expect(read(settings.file)).toBe("config:\n  gatehouse:revoked:\n    # lost\n    - serial: AA\n  x:y: 1\n");
});

it.each([
  ["an empty file", ""],
  ["a comment alone", "# nothing yet\n"],
  ["no config", "encryptionsalt: v1:abc\n"],
  ["an empty config", "config: {}\n"],
  ["an empty key", "config:\n  gatehouse:revoked:\n  gatehouse:domain: a.test\n"],
  ["an empty list", "config:\n  gatehouse:revoked: []\n"],
  ["no line end at the end", "config:\n  gatehouse:domain: a.test"],
  ["a flow map", "config: { gatehouse:domain: a.test }\n"],
  ["four spaces", "config:\n    gatehouse:domain: a.test\n    gatehouse:revoked:\n        - serial: AA\n"],
  ["a folded text before", "config:\n  gatehouse:x: >\n    one\n    two\n"],
  ["Windows line ends", "config:\r\n  gatehouse:domain: a.test\r\n  gatehouse:revoked:\r\n    - serial: AA\r\n"],
])("works on %s", (_what, text) => {
  const before = (parse(text) ?? {}) as { config?: Record<string, unknown> | null };
  const list = (before.config?.["gatehouse:revoked"] ?? []) as unknown[];
  expect(parse(edited(text, (it) => it.append("revoked", ENTRY)))).toEqual({
    ...before,
    config: { ...before.config, "gatehouse:revoked": [...list, ENTRY] },
  });
});

it("keeps the file's mode, follows a link, and leaves no other file behind", () => {
  const file = fileOf("config:\n  gatehouse:domain: a.test\n");
  chmodSync(file, 0o640);
  symlinkSync(file, join(folder, "link.yaml"));
  const settings = new Settings(join(folder, "link.yaml"));
  settings.append("revoked", ENTRY);
  settings.save();
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(read(file)).toContain("gatehouse:revoked");
  expect(readdirSync(folder).sort()).toEqual(["Pulumi.dev.yaml", "link.yaml"]);
});

it.each([
  ["broken YAML", "config:\n  a: [\n", /left as it is/],
  ["a tab", "config:\n\ta: 1\n", /left as it is/],
  ["a duplicate key", "config:\n  a: 1\n  a: 2\n", /left as it is: .*unique/],
  ["a list", "- a\n", /no map/],
  ["a config that is a text", "config: x\n", /config is no map/],
  ["another shape of the key", "config:\n  gatehouse:revoked: soon\n", /revoked is no list/],
  ["an encrypted key", "config:\n  gatehouse:revoked:\n    secure: abc\n", /encrypted/],
])("refuses %s in words and writes nothing", (_what, text, words) => {
  const file = fileOf(text);
  const run = (): void => {
    const settings = new Settings(file);
    settings.append("revoked", ENTRY);
    settings.save();
  };
  expect(run).toThrow(Failure);
  expect(run).toThrow(words);
  expect(read(file)).toBe(text);
});

it("finds the file of a named stack, also in a folder of its own, and says when there is none", async () => {
  const project = { folder, env: {} };
  writeFileSync(join(folder, "Pulumi.yaml"), "name: x\nruntime: nodejs\n");
  await expect(settingsOf(project, { stack: "dev" })).rejects.toThrow(/Pulumi\.dev\.yaml is not there/);
  const file = fileOf("config: {}\n");
  expect((await settingsOf(project, { stack: "dev" })).settings.file).toBe(file);
  expect((await settingsOf(project, { stack: "x", configFile: file })).settings.file).toBe(file);
  writeFileSync(join(folder, "Pulumi.yaml"), "name: x\nstackConfigDir: settings\n");
  await expect(settingsOf(project, { stack: "dev" })).rejects.toThrow(/settings.Pulumi\.dev\.yaml is not there/);
});
