import { main, program } from "../../../cli";
import { secondsOf, wordsOf } from "../../../cli/durations";
import { UsageFailure } from "../../../cli/failure";
import { cloneRoot } from "../../../cli/project";
import { outputFailure } from "../../../cli/pulumi";
import path from "node:path";

/** What a run in this process prints on each stream. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const out = jest.spyOn(process.stdout, "write").mockImplementation((text) => ((said.out += String(text)), true));
  const err = jest.spyOn(process.stderr, "write").mockImplementation((text) => ((said.err += String(text)), true));
  try {
    return { code: await main(["node", "gatehouse", ...args]), ...said };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe.each(program().commands.map((it) => it.name()))("gatehouse %s --help", (name) => {
  it("explains itself with examples that begin with the command", async () => {
    const { code, out } = await run(name, "--help");
    expect(code).toBe(0);
    expect(out).toContain(`Usage: gatehouse ${name}`);
    expect(out).toMatch(new RegExp(`Examples\n  gatehouse ${name}`));
    expect(out).toContain("--stack <name>");
    expect(out).not.toMatch(/[ \t]$/m);
  });

  it("answers an option that it does not know with exit code 2, and says where help is", async () => {
    const { code, err } = await run(name, "--no-such-option");
    expect(code).toBe(2);
    expect(err).toContain("--no-such-option");
    expect(err).toContain(`gatehouse ${name} --help`);
  });
});

it.each([
  [["trsut"], "trust"],
  [["trust", "--json", "--mermaid"], "exclude each other"],
  [["ca", "--hierarchy", "machines"], "services, users"],
  [["logs", "--since", "yesterday"], "10m"],
  [["revoke", "orders"], "keyCompromise"],
  [["revoke", "orders", "--reason", "lost"], "keyCompromise"],
  [["up", "prod"], "--stack prod"],
  [["device", "list", "--no-such-option"], "gatehouse device list --help"],
  [["device", "add", "laptop-ann", "--purpose", "x"], "--owner"],
  [["device", "export", "laptop-ann", "--profile", "legacy"], "modern, compatible, pem"],
  [["device", "revoke", "laptop-ann", "--reason", "cACompromise"], "keyCompromise"],
  [["device", "forget", "laptop-ann"], "unknown command"],
])("%j is a mistake of usage: exit code 2, with what to write instead", async (args, words) => {
  const { code, out, err } = await run(...args);
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain(words);
  expect(err).not.toMatch(/\n\s+at /);
});

it("a folder without project is told in words, with a fix and without a stack trace", async () => {
  const { code, err } = await run("trust", "--cwd", "/");
  expect(code).toBe(1);
  expect(err).toMatch(/^gatehouse: there is no Pulumi project in \/ or above it\n {2}fix: /);
});

it.each([
  ["error: no stack named 'prod' found", "the stack prod does not exist"],
  ["error: current stack does not have output property 'trust'", "the stack prod is not up"],
  ["error: no stack selected; please use `pulumi stack select`", "no stack is selected"],
  ["error: incorrect passphrase", "the passphrase of the stack prod is missing or wrong"],
  ["error: unable to open bucket file:///nowhere: no such file", "state cannot be opened"],
  ["error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "not logged in"],
  ["error: something new", "something new"],
])("pulumi's %s is said in our words", (stderr, words) => {
  const failure = outputFailure(stderr, "prod");
  expect(failure.message).toContain(words);
  expect(failure.fix).not.toBe("");
});

it("lengths of time are read, and said in the unit that fits", () => {
  expect(["90s", "10m", "2h", "1d"].map(secondsOf)).toEqual([90, 600, 7_200, 86_400]);
  expect(() => secondsOf("10")).toThrow(UsageFailure);
  expect([172_800, 7_200, 120, 1].map(wordsOf)).toEqual(["2 days", "2 hours", "2 minutes", "1 second"]);
});

it("the clone is found from its sources, and from what is compiled in it", () => {
  const root = path.resolve(__dirname, "../../..");
  expect(cloneRoot(path.join(root, "cli"))).toBe(root);
  expect(cloneRoot(path.join(root, "dist", "cli"))).toBe(root);
  expect(cloneRoot("/usr/lib/node_modules/gatehouse/dist/cli")).toBeUndefined();
});
