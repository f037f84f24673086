import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Diagnosis } from "../../cli/doctor/hop";
import type { LogEntry } from "../../cli/logs/entry";
import { REPOSITORY } from "../support/stack-settings";
import { showingLogs, TestStack } from "../support/stack";

jest.setTimeout(600_000);

const COMMAND = join(REPOSITORY, "cli", "gatehouse.js");

let stack: TestStack;
const test = showingLogs(() => stack);
beforeAll(async () => {
  stack = await TestStack.create();
  await stack.bringUp();
});
afterAll(() => stack?.dispose());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The stack's own state and passphrase, as its user would have them in the environment. */
const environment = (): NodeJS.ProcessEnv => ({ ...(Reflect.get(stack, "env") as NodeJS.ProcessEnv), NO_COLOR: "1" });

function gatehouse(command: string, ...args: string[]): Promise<Ran> {
  const all = [COMMAND, command, "--stack", stack.name, ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, all, { cwd: REPOSITORY, env: environment(), maxBuffer: 64 << 20 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}

async function doctor(
  ...args: string[]
): Promise<{ code: number; diagnosis: Diagnosis; failures: Record<string, string[]> }> {
  const { code, out } = await gatehouse("doctor", "--json", ...args);
  const diagnosis = JSON.parse(out) as Diagnosis;
  const wrong = diagnosis.hops.filter((hop) => hop.state !== "works");
  const failures = Object.fromEntries(
    wrong.map((hop) => [hop.about, hop.state === "skipped" ? ["skipped"] : hop.findings.map((it) => it.id)]),
  );
  return { code, diagnosis, failures };
}

const docker = async (...args: string[]): Promise<string> => (await promisify(execFile)("docker", args)).stdout.trim();
const container = (name: string): string => name.replace(/^\w+/, (service) => `${service}.${stack.name}`);

/** Does something to the stack, looks, and takes it back. */
async function hurt(
  harm: () => Promise<unknown>,
  look: () => Promise<void>,
  heal: () => Promise<unknown>,
): Promise<void> {
  await harm();
  try {
    await look();
  } finally {
    await heal();
    await healthyAgain();
  }
}

async function healthyAgain(): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { failures } = await doctor();
    if (Object.keys(failures).length === 0) return;
    if (Date.now() > deadline) throw new Error(`not healthy again: ${JSON.stringify(failures)}`);
  }
}

test("trust shows every identity, edge and address, and the same as JSON", async () => {
  const graph = await stack.trust();
  const { code, out } = await gatehouse("trust");
  expect(code).toBe(0);
  for (const name of Object.keys(graph.services)) expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
  for (const edge of graph.edges) expect(out).toContain(`${edge.from} -> ${edge.to}`);
  for (const url of graph.entry.urls) expect(out).toContain(url);
  expect(JSON.parse((await gatehouse("trust", "--json")).out)).toEqual(graph);
  expect((await gatehouse("trust", "--mermaid")).out).toContain('n_orders == "mutual TLS, tcp" ==> n_store');
});

test("ca prints the root and nothing else, and curl that trusts it gets an answer", async () => {
  const { code, out } = await gatehouse("ca");
  expect(code).toBe(0);
  expect(out.trim()).toBe((await stack.root()).trim());
  const file = join(stack.folder, "root.pem");
  writeFileSync(file, out);
  const url = `https://shop.localhost:${stack.httpsPort}/api/`;
  const { stdout } = await promisify(execFile)("curl", ["--silent", "--show-error", "--cacert", file, url]);
  expect(stdout).toContain("stock");
});

describe("doctor", () => {
  test("finds nothing wrong with a healthy stack, and asks every hop", async () => {
    const graph = await stack.trust();
    const { code, diagnosis, failures } = await doctor();
    expect(failures).toEqual({});
    expect(code).toBe(0);
    expect(diagnosis.healthy).toBe(true);
    expect(diagnosis.hops.flatMap((hop) => hop.warnings)).toEqual([]);
    expect(diagnosis.hops).toHaveLength(Object.keys(graph.services).length + graph.edges.length + 2);
    expect((await gatehouse("doctor")).out).toContain(`All ${diagnosis.hops.length} hops work.`);
  });

  test("asks about one service alone", async () => {
    const { diagnosis } = await doctor("store");
    expect(diagnosis.hops.map((hop) => hop.about)).toEqual(["store", "orders -> store"]);
    expect((await gatehouse("doctor", "nobody")).code).toBe(2);
  });

  test("a stopped sidecar is named, and what it hides is not blamed", () =>
    hurt(
      () => docker("stop", "--time", "5", container("inventory")),
      async () => {
        const { code, failures } = await doctor();
        expect(code).toBe(1);
        expect(failures).toEqual({ inventory: ["container-down"], "orders -> inventory": ["skipped"] });
        const { out } = await gatehouse("doctor", "inventory");
        expect(out).toContain(`docker start ${container("inventory")}`);
      },
      () => docker("start", container("inventory")),
    ));

  test("a killed application is named, though its sidecar still takes calls", () =>
    hurt(
      () => docker("stop", "--time", "1", container("echo.app")),
      async () => {
        const { failures } = await doctor();
        expect(failures).toMatchObject({ echo: ["container-down"] });
        expect(Object.keys(failures).filter((hop) => hop.includes("->"))).toEqual([]);
      },
      () => docker("start", container("echo.app")),
    ));

  test("a container that left its caller's network is a name that leads nowhere", () =>
    hurt(
      () => docker("network", "disconnect", `${container("orders")}.edge`, container("gate")),
      async () => {
        expect((await doctor("orders")).failures).toEqual({ "gate -> orders": ["name-unknown"] });
      },
      () => docker("network", "connect", `${container("orders")}.edge`, container("gate")),
    ));

  test("a release with somebody else's key is refused, with the reason, while the old one goes on serving", async () => {
    const volume = `${container("echo")}.trust`;
    // The image of the sidecar has what it takes: openssl, jq, tar.
    const image = await docker("inspect", "--format", "{{.Image}}", container("echo"));
    const inVolume = (script: string): Promise<string> =>
      docker(
        "run",
        "--rm",
        "--user",
        "0",
        "--network",
        "none",
        "--volume",
        `${volume}:/t`,
        "--entrypoint",
        "bash",
        image,
        "-c",
        script,
      );
    await hurt(
      () =>
        inVolume(
          `set -e; cd /t; mkdir -p .saved; cp -a server.key manifest.json .saved
           openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new.pem; cat new.pem > server.key; rm new.pem
           sum=$(sha256sum server.key | cut -d' ' -f1)
           jq --arg sum "$sum" '.release = "ffffffffffffffff" | .files["server.key"] = $sum' .saved/manifest.json > new.json
           cat new.json > manifest.json; rm new.json`,
        ),
      async () => {
        const failures = await until(async () => {
          const found = (await doctor("echo")).failures;
          return found.echo?.includes("keeper-refused") ? found : undefined;
        });
        expect(failures).toEqual({ echo: ["keeper-refused", "key-mismatch"] });
        expect((await stack.request("https://echo.localhost/")).status).toBe(200);
      },
      () =>
        inVolume(
          "set -e; cd /t; cat .saved/server.key > server.key; cat .saved/manifest.json > manifest.json; rm -r .saved",
        ),
    );
  });
});

describe("logs", () => {
  const lines = async (...args: string[]): Promise<LogEntry[]> => {
    const { code, out, err } = await gatehouse("logs", "--json", ...args);
    expect([code, err.replace(/^gatehouse: .* \.\.\.\n/gm, "")]).toEqual([0, ""]);
    return out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LogEntry);
  };

  test("tell a request's way through entry, sidecar and the next sidecar", async () => {
    await stack.request("https://shop.localhost/api/");
    const told = await until(async () => {
      const found = await lines("--since", "2m");
      return found.some((it) => it.caller === "orders" && it.callee === "inventory") ? found : undefined;
    });
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          component: "entry",
          host: "shop.localhost",
          path: "/api/",
          callee: "orders",
          status: 200,
        }),
        expect.objectContaining({ component: "sidecar", service: "orders", caller: "gate", callee: "orders" }),
        expect.objectContaining({ component: "sidecar", service: "inventory", caller: "orders", callee: "inventory" }),
      ]),
    );
    expect(told.filter((it) => it.own)).toEqual([]);
    for (const it of await lines("--since", "2m", "--identity", "gate")) expect(it.caller).toBe("gate");
    for (const it of await lines("--since", "2m", "--service", "inventory"))
      expect([it.service, it.callee]).toContain("inventory");
  });

  test("show who was refused, and why", async () => {
    await stack.request("https://shop.localhost/", { headers: { X_Forwarded_For: "1.2.3.4" } });
    const refused = await lines("--since", "2m", "--refused", "--service", "gate");
    expect(refused).toContainEqual(expect.objectContaining({ status: 403, reason: "forged headers (forwarded)" }));
    expect((await gatehouse("logs", "--since", "2m", "--refused")).out).toContain(
      "refused: forged headers (forwarded)",
    );
  });

  test("followed, show what happens as it happens, also after a container started again", async () => {
    const following = spawn(process.execPath, [COMMAND, "logs", "--stack", stack.name, "--follow", "--since", "1s"], {
      cwd: REPOSITORY,
      env: environment(),
    });
    let said = "";
    following.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => following.once("close", resolve));
    try {
      await until(async () => {
        await stack.request("https://echo.localhost/followed");
        return said.includes("/followed") || undefined;
      });
      await docker("restart", "--time", "5", container("echo"));
      await until(() => Promise.resolve(/echo +keeper: activated/.test(said) || undefined));
    } finally {
      following.kill("SIGINT");
    }
    expect(await ended).toBe(0);
    await healthyAgain();
  });
});

describe("up, preview and destroy", () => {
  test("preview passes on what stands after --", async () => {
    const settings = ["--config-file", stack.settingsFile];
    expect((await gatehouse("preview", ...settings, "--", "--expect-no-changes")).code).toBe(0);
  });

  test("up ends with the trust tables", async () => {
    const { code, out } = await gatehouse("up", "--yes", "--config-file", stack.settingsFile, "--", "--skip-preview");
    expect(code).toBe(0);
    expect(out).toMatch(/Identities\n {2}name[\s\S]*Public hosts/);
  });

  test("a stack that is not there is told in words", async () => {
    const { code, err } = await gatehouse("trust", "--stack", "nowhere");
    expect(code).toBe(1);
    expect(err).toMatch(/^gatehouse: the stack nowhere does not exist\n {2}fix: /);
  });
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error("it did not happen within a minute");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
