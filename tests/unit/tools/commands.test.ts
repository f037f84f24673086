import { spawnSync } from "node:child_process";
import path from "node:path";

const tools = path.resolve(__dirname, "../../../tools");
const node = (...args: string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, output: stdout + stderr };
};

describe.each(["start", "test", "with-env", "clean"])("tools/%s.mjs", (name) => {
  const file = path.join(tools, `${name}.mjs`);

  it("explains itself with examples", () => {
    const { status, output } = node(file, "--help");
    expect(status).toBe(0);
    expect(output).toMatch(/^Usage: /);
    expect(output).toContain("Examples");
  });

  it("answers an option that it does not know with exit code 2 and its help", () => {
    const { status, output } = node(file, "--no-such-option");
    expect(status).toBe(2);
    expect(output).toContain("no-such-option");
    expect(output).toContain("Usage: ");
  });
});

it("npm test names the steps there are when asked for another", () => {
  const { status, output } = node(path.join(tools, "test.mjs"), "unti");
  expect(status).toBe(2);
  expect(output).toContain("unknown step unti; there are: lint, format, types, unit, engine, live");
});
