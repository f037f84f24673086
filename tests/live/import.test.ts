// The package as somebody else gets it: packed, installed by npm into a project of its own (docs/examples/library), and
// brought up by the real engine through nothing but its public API.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { makeHierarchy } from "../support/certificates";
import { TestStack } from "../support/stack";
import { Docker, docker } from "../support/stack-docker";
import { freePorts, get, type Answer } from "../support/stack-http";
import { REPOSITORY } from "../support/stack-settings";

const run = promisify(execFile);
const EXAMPLE = join(REPOSITORY, "docs/examples/library");

const folder = mkdtempSync(join(tmpdir(), "gatehouse-import-"));
const project = join(folder, "shop");
const installed = join(project, "node_modules", "gatehouse");
const suffix = folder.slice(-6).toLowerCase();
const [staging, live] = [`staging-${suffix}`, `live-${suffix}`];
const network = `shop.${live}.mine`;
const openNetwork = `shop.${live}.open`;
const company = makeHierarchy("company");

let stack: TestStack;
let environments: { name: string; host: string; httpPort: number; httpsPort: number; [key: string]: unknown }[];

beforeAll(async () => {
  // One test below checks the types; the engine's runs need not do it again.
  process.env.PULUMI_NODEJS_TRANSPILE_ONLY = "true";
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: REPOSITORY });
  cpSync(EXAMPLE, project, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  manifest.dependencies.gatehouse = `file:${join(folder, stdout.trim().split("\n").at(-1) ?? "")}`;
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: project });

  mkdirSync(join(project, "company"));
  writeFileSync(join(project, "company", "root.pem"), company.root.certificate);
  writeFileSync(join(project, "company", "issuing.pem"), company.intermediate.certificate);
  await docker("network", "create", "--internal", "-o", "com.docker.network.bridge.inhibit_ipv4=true", network);
  await docker("network", "create", openNetwork);

  const ports = [await freePorts(), await freePorts()] as const;
  environments = [
    { name: staging, host: "staging.shop.test", httpPort: ports[0][0], httpsPort: ports[0][1] },
    {
      name: live,
      host: "shop.test",
      httpPort: ports[1][0],
      httpsPort: ports[1][1],
      network,
      authority: { root: "company/root.pem", certificate: "company/issuing.pem" },
    },
  ];
  stack = await TestStack.create({
    program: project,
    config: { environments },
    secrets: { authorityKey: company.intermediate.key },
  });
});

afterAll(async () => {
  try {
    if (stack) await stack.dispose();
    for (const environment of [staging, live]) {
      const left = (await new Docker(environment).leftovers()).filter(
        (it) => it !== `network ${network}` && it !== `network ${openNetwork}`,
      );
      await new Docker(environment).removeLeftovers();
      expect(left).toEqual([]);
    }
  } finally {
    await docker("network", "rm", network, openNetwork).catch(() => undefined);
    // Images stay after a destroy, for other stacks; this one has none.
    const images = await docker("image", "ls", "--quiet", "example/shop").catch(() => "");
    if (images !== "") await docker("rmi", "--force", ...images.split("\n")).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Asks the entry of an environment; TLS is verified against `ca`. */
async function ask(name: string, ca: string): Promise<Answer> {
  const environment = environments.find((it) => it.name === name);
  if (!environment) throw new Error(`no environment ${name}`);
  return get(`https://${environment.host}/`, { address: "127.0.0.1", port: environment.httpsPort, ca });
}

describe("the package", () => {
  it("holds the library, its declarations with docs, the command, the image, and nothing else of the repository", async () => {
    const { stdout } = await run("find", [".", "-type", "f", "-printf", "%P\n"], { cwd: installed });
    const files = stdout.trim().split("\n");
    expect([...new Set(files.map((file) => file.split("/").slice(0, 2).join("/")))].sort()).toMatchSnapshot();
    expect(files).toContain("dist/components/index.d.ts.map");
    expect(readFileSync(join(installed, "dist/components/service/service.d.ts"), "utf8")).toContain(
      "reached over verified TLS only",
    );
  });

  it("leaves Pulumi and its providers to the project: one copy of each", async () => {
    const { stdout } = await run("npm", ["ls", "--all", "--parseable", "@pulumi/pulumi", "@pulumi/docker"], {
      cwd: project,
    });
    expect(stdout.trim().split("\n").sort()).toEqual(
      ["@pulumi/docker", "@pulumi/pulumi"].map((it) => join(project, "node_modules", it)),
    );
  });

  it("has types that a strict program passes with, also without skipLibCheck of its own files", async () => {
    await run(join(project, "node_modules/.bin/tsc"), ["--project", project]);
  });

  it("has the command", async () => {
    const { stdout } = await run(join(project, "node_modules/.bin/gatehouse"), ["--help"], { cwd: project });
    expect(stdout).toContain("Usage: gatehouse");
  });

  it("refuses a network with a way out, before anything is made", async () => {
    stack.configure({ environments: environments.map((it) => (it.network ? { ...it, network: openNetwork } : it)) });
    const preview = await stack.preview();
    stack.configure({ environments });
    expect(preview.code).not.toBe(0);
    expect(preview.text).toContain(`the network ${openNetwork} is not internal`);
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=${live}`)).toBe("");
  });

  it("refuses an authority whose key is another's", async () => {
    await stack.setSecret("authorityKey", company.root.key);
    const preview = await stack.preview();
    await stack.setSecret("authorityKey", company.intermediate.key);
    expect(preview.code).not.toBe(0);
    expect(preview.text).toContain("the key belongs to the issuing certificate");
    expect(preview.text).not.toContain("PRIVATE KEY");
  });
});

describe("a program of somebody else's", () => {
  it("comes up with two environments, two entries, an existing authority and an existing network", async () => {
    const { code, text } = await stack.up();
    expect(code === 0 ? "" : text).toBe("");
    // Each environment proves its own edge.
    expect(text.match(/proven: \d+ checks on 1 edges/g)?.length).toBeGreaterThanOrEqual(2);
    const roots = (await stack.outputs()).roots as Record<string, string>;

    const answers = [await ask(staging, roots[staging] ?? ""), await ask(live, company.root.certificate)];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, `${staging} was called by gate.${staging}.corp.test\n`],
      [200, `${live} was called by gate.${live}.corp.test\n`],
    ]);
    // The environments do not trust each other.
    await expect(ask(staging, company.root.certificate)).rejects.toThrow(/certificate/);
    expect(Object.keys((await new Docker(live).networks()).get(network)?.Containers ?? {})).toHaveLength(2);
  });

  it("changes what our components make by a transform", async () => {
    for (const environment of [staging, live]) {
      const containers = await new Docker(environment).containers();
      expect(containers.size).toBeGreaterThan(0);
      for (const [name, { Config }] of containers)
        expect([name, Config.Labels["example.team"]]).toEqual([name, "shop"]);
    }
  });

  it("has nothing to do in a second preview", async () => {
    await stack.expectNoChanges();
  });

  it("is destroyed without a trace, and without the network that was there before", async () => {
    const { code, text } = await stack.destroy();
    expect(code === 0 ? "" : text).toBe("");
    const left = await Promise.all([staging, live].map((it) => new Docker(it).leftovers()));
    expect(left.flat().sort()).toEqual([`network ${network}`, `network ${openNetwork}`]);
  });
});
