import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";

import type { AuditReport, EdgeReport } from "../../cli/audit/report";
import type { LogEntry } from "../../cli/logs/entry";
import { makeCertificate, makeHierarchy, type Made } from "../support/certificates";
import { devConfig, showingLogs, TestStack, type Settings } from "../support/stack";
import { REPOSITORY } from "../support/stack-settings";

jest.setTimeout(900_000);

let stack: TestStack;
let issuer: Made;
let stranger: string;
const test = showingLogs(() => stack);
const full = (service: string): string => `${service}.${stack.name}.corp.test`;

/** The entry calls site (nginx with its own TLS) and echo, echo calls store (tcp, Redis): every edge as told. */
const settings = (enforcement: "audit" | "strict", mtls: Settings = {}): Settings =>
  devConfig({
    proxy: { hosts: { "shop.localhost": { routes: [{ path: "/", to: "site" }] } } },
    services: { orders: undefined, inventory: undefined, echo: { calls: ["store"] } },
    mtls: {
      phase: "services",
      edges: enforcement === "audit" ? { "gate->echo": "audit", "gate->site": "audit", "echo->store": "audit" } : {},
      audit: { atLeast: "1h" },
      ...mtls,
    },
  });

/** The key of the stack's own authority, from its state: what somebody has who misuses it. */
async function issuerOf(name: string): Promise<Made> {
  const state = await stack.resources("--show-secrets");
  const text = (resource: string, property: string): string => {
    const value = state.find((it) => it.urn.endsWith(`::${resource}`))?.outputs?.[property];
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && "plaintext" in value && typeof value.plaintext === "string")
      return JSON.parse(value.plaintext) as string;
    throw new Error(`${resource} has no ${property}`);
  };
  return { certificate: text(name, "certPem"), key: text(`${name}-key`, "privateKeyPemPkcs8") };
}

const CLIENT = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"];
const SERVER = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"];
const stamp = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+Z$/, "").replace(/[-:T]/g, "")}Z`; // prettier-ignore

/** Reason -> what the caller shows: leaf, key, then the chain; nothing for none. */
function presented(caller: string): Record<string, string> {
  const commonName = full(caller);
  const pem = (made: Made, chain: string): string => made.certificate + made.key + chain;
  const ours = (change: object): string =>
    pem(makeCertificate({ commonName, extensions: CLIENT, issuer, ...change }), issuer.certificate);
  const other = makeHierarchy("another");
  return {
    "none-sent": "",
    "unable-to-get-local-issuer": pem(other.leaf({ commonName, extensions: CLIENT }), other.intermediate.certificate),
    "self-signed": pem(makeCertificate({ commonName, extensions: CLIENT }), ""),
    "wrong-usage": ours({ extensions: SERVER }),
    expired: ours({ notBefore: stamp(-2), notAfter: stamp(-1) }),
    "not-yet-valid": ours({ notBefore: stamp(1), notAfter: stamp(2) }),
    "wrong-identity": ours({ commonName: full("store") }),
  };
}

/** A call by hand from a container, with what is given on standard input as certificate. What the callee answers. */
function call(container: string, callee: string, pem: string, words: string): string {
  const script = `
    cat > /dev/shm/client.pem; trap 'rm -f /dev/shm/client.pem' EXIT
    [ -s /dev/shm/client.pem ] && set -- -cert /dev/shm/client.pem -key /dev/shm/client.pem -cert_chain /dev/shm/client.pem
    { printf '${words}'; sleep 1; } | timeout 10 openssl s_client -quiet -no_ign_eof -connect ${full(callee)}:8443 -servername ${full(callee)} "$@" 2>&1`;
  try {
    return execFileSync("docker", ["exec", "-i", container, "bash", "-c", script, "call"], {
      input: pem,
      encoding: "utf8",
    });
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}
const request = "GET /by-hand HTTP/1.1\\r\\nHost: echo\\r\\nConnection: close\\r\\n\\r\\n";
const fromGate = (pem: string, callee = "echo"): string => call(`gate.${stack.name}`, callee, pem, request);
const fromEcho = (pem: string): string => call(`echo.${stack.name}`, "store", pem, "PING\\r\\n");

/** The command, as its user runs it. */
function gatehouse(command: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const env = { ...(Reflect.get(stack, "env") as NodeJS.ProcessEnv), NO_COLOR: "1" };
  const all = [join(REPOSITORY, "cli", "gatehouse.js"), command, "--stack", stack.name, ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, all, { cwd: REPOSITORY, env, maxBuffer: 64 << 20 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out: out + err }),
    ),
  );
}

async function audit(...args: string[]): Promise<{ code: number; report: AuditReport }> {
  const { code, out } = await gatehouse("audit", "--json", ...args);
  return { code, report: JSON.parse(out.slice(out.indexOf("{"))) as AuditReport };
}
async function edgeOf(name: string): Promise<EdgeReport> {
  const found = (await audit()).report.edges.find((it) => it.edge === name);
  if (!found) throw new Error(`the audit does not tell of ${name}`);
  return found;
}
const told = (edge: EdgeReport): string[] => edge.offenders.map((it) => `${it.caller} ${it.reason} ${it.calls}`).sort();

beforeAll(async () => {
  stack = await TestStack.create({ config: settings("audit") });
  await stack.bringUp();
  issuer = await issuerOf("services-intermediate-g1");
  const image = execFileSync("docker", ["inspect", "--format", "{{.Image}}", `gate.${stack.name}`], {
    encoding: "utf8",
  });
  stranger = `stranger-${stack.name}`;
  execFileSync("docker", ["run", "--detach", "--name", stranger, "--label", "gatehouse.test=1", "--network",
    `echo.${stack.name}.edge`, "--entrypoint", "sleep", image.trim(), "900"]); // prettier-ignore
});
afterAll(async () => {
  if (stranger) execFileSync("docker", ["rm", "--force", stranger]);
  await stack?.dispose();
});

test("after an update nothing is counted: the proof's own connections are no calls", async () => {
  const { code, report } = await audit();
  expect(code).toBe(1);
  expect(report.edges.map((it) => [it.edge, it.enforcement, it.with, it.without])).toEqual([
    ["echo->store", "audit", 0, 0],
    ["gate->echo", "audit", 0, 0],
    ["gate->site", "audit", 0, 0],
  ]);
  for (const edge of report.edges) expect(edge.reasons).toEqual([expect.stringMatching(/^too young: .* of 1h$/)]);
});

test("in audit every caller passes, over http and over tcp, and each is counted under its edge with its reason", async () => {
  expect((await stack.request("https://echo.localhost/")).status).toBe(200);
  const http = Object.entries(presented("gate"));
  for (const [reason, pem] of http)
    expect([reason, fromGate(pem)]).toEqual([reason, expect.stringContaining("200 OK")]);
  const tcp = Object.entries(presented("echo"));
  for (const [reason, pem] of tcp) expect([reason, fromEcho(pem)]).toEqual([reason, expect.stringContaining("NOAUTH")]);

  const echo = await edgeOf("gate->echo");
  expect(echo.with).toBeGreaterThanOrEqual(1);
  expect(told(echo)).toEqual(http.map(([reason]) => `gate ${reason} 1`).sort());
  const store = await edgeOf("echo->store");
  expect(told(store)).toEqual(tcp.map(([reason]) => `echo ${reason} 1`).sort());
});

test("a service with its own TLS is counted by its access log, from the same callers", async () => {
  expect((await stack.request("https://shop.localhost/")).status).toBe(200);
  const shown = Object.entries(presented("gate"));
  for (const [reason, pem] of shown)
    expect([reason, fromGate(pem, "site")]).toEqual([reason, expect.stringMatching(/^HTTP/m)]);
  const site = await edgeOf("gate->site");
  expect(site.with).toBe(1);
  expect(told(site)).toEqual(shown.map(([reason]) => `gate ${reason} 1`).sort());
});

test("a connection that a pool keeps is counted while it is open", async () => {
  const counted = (await edgeOf("echo->store")).offenders.find((it) => it.reason === "none-sent")?.calls ?? 0;
  const open = execFile("docker", ["exec", `echo.${stack.name}`, "bash", "-c",
    `sleep 120 | openssl s_client -quiet -connect ${full("store")}:8443`]); // prettier-ignore
  try {
    const deadline = Date.now() + 60_000;
    for (let now = counted; now <= counted;) {
      if (Date.now() > deadline) throw new Error("an open connection is not counted");
      now = (await edgeOf("echo->store")).offenders.find((it) => it.reason === "none-sent")?.calls ?? 0;
    }
    expect(open.exitCode).toBeNull();
  } finally {
    open.kill();
  }
});

test("a stranger on the network passes too, and is named by its container", async () => {
  expect(call(stranger, "echo", "", request)).toContain("200 OK");
  expect(told(await edgeOf("gate->echo"))).toContain(`container ${stranger} none-sent 1`);
});

test("a connection that only says it is the proof's reaches no application, and is not counted", async () => {
  const before = [told(await edgeOf("gate->echo")), told(await edgeOf("echo->store"))];
  const marked = (container: string, callee: string, words: string): string =>
    execFileSync("docker", ["exec", container, "bash", "-c",
      `{ printf '${words}'; sleep 1; } | timeout 10 openssl s_client -quiet -no_ign_eof -alpn gatehouse-proof -connect ${full(callee)}:8443 2>/dev/null || true`], { encoding: "utf8" }); // prettier-ignore
  expect(marked(`gate.${stack.name}`, "echo", request)).toContain("403 Forbidden");
  expect(marked(`echo.${stack.name}`, "store", "PING\\r\\n")).toBe("");
  expect([told(await edgeOf("gate->echo")), told(await edgeOf("echo->store"))]).toEqual(before);
});

test("the table names who would break, and the edge that it is asked about", async () => {
  const { code, out } = await gatehouse("audit", "--edge", "gate->echo");
  expect(code).toBe(1);
  expect(out).toMatch(/gate -> echo +audit .* too young: .* of 1h/);
  expect(out).toMatch(/gate, shows gate\.\w+\.corp\.test: its certificate has expired \(1 call, last /);
  expect(out).not.toContain("echo -> store");
  expect((await gatehouse("audit", "--edge", "gate->nobody")).code).toBe(2);
});

test("strict is refused by a preview as by an update, with every offender, before anything is made", async () => {
  const before = await stack.docker.containers();
  stack.configure(settings("strict"));
  for (const run of ["preview", "up"] as const) {
    const { code, text } = await stack[run]();
    expect(code).not.toBe(0);
    expect(text).toContain("3 problems in the configuration; nothing was changed");
    expect(text).toMatch(/gatehouse:mtls\.edges\["gate->echo"\] = "strict"/);
    expect(text).toMatch(/gatehouse:mtls\.edges\["echo->store"\] = "strict"/);
    expect(text).toMatch(/too young: .* of 1h/);
    expect(text).toContain(`container ${stranger}: no client certificate (1 call`);
    expect(text).not.toMatch(/\n\s+at /);
  }
  // Without an answer from the engine nothing is known, so nothing is raised.
  const blind = await stack.withoutDocker(() => stack.preview());
  expect(blind.code).not.toBe(0);
  expect(blind.text).toContain("3 problems in the configuration; nothing was changed");
  expect(blind.text).toContain("not counted: the Docker engine cannot be asked (");
  expect(blind.text).not.toMatch(/\n\s+at /);
  const ids = (containers: typeof before): string[] => [...containers.values()].map((it) => it.Id).sort();
  expect(ids(await stack.docker.containers())).toEqual(ids(before));
});

test("after a clean window of the asked length strict is let through, and refuses whom the audit had named", async () => {
  const clean = settings("strict", { audit: { atLeast: "5s" } });
  stack.configure(clean);
  const deadline = Date.now() + 120_000;
  while ((await stack.preview()).code !== 0)
    if (Date.now() > deadline) throw new Error("the window never became clean");
  const { text } = await stack.bringUp();
  expect(text).toContain("gate->echo: audit -> strict");
  expect(fromGate("")).not.toContain("200 OK");
  expect(fromEcho("")).not.toContain("NOAUTH");
  expect((await stack.request("https://echo.localhost/")).status).toBe(200);
  for (const edge of (await stack.trust()).edges) expect(edge).not.toHaveProperty("forced");
});

test("what proof and doctor have had refused is not among the refused, unless all is asked for", async () => {
  const refusals = async (service: string, ...args: string[]): Promise<LogEntry[]> =>
    (await gatehouse("logs", "--refused", "--json", "--service", service, ...args)).out
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogEntry);
  expect((await gatehouse("doctor")).code).toBe(0);
  for (const [service, from] of [
    ["echo", "gate"],
    ["store", "echo"],
  ] as const) {
    // prettier-ignore
    const told = (await refusals(service)).map(({ caller, reason }) => [caller, reason]);
    expect([service, told]).toEqual([service, [[from, "no client certificate"]]]);
    expect((await refusals(service, "--all")).length).toBeGreaterThan(1);
  }
});

test("force takes an edge up without evidence, says so, and is kept; the rest of the stack stays as it is", async () => {
  stack.configure(settings("audit"));
  await stack.bringUp();
  const lowered = (await stack.trust()).edges;
  stack.configure(
    settings("strict", {
      force: { "gate->echo": "its callers were checked by hand" },
      edges: { "echo->store": "audit", "gate->site": "audit" },
    }),
  );
  const { text } = await stack.bringUp();
  expect(text).toMatch(
    /mtls\.force\["gate->echo"\]: it becomes strict by force \(its callers were checked by hand\), although: too young/,
  );
  const edges = (await stack.trust()).edges;
  expect(edges.find((it) => it.to === "echo")).toMatchObject({
    enforcement: "strict",
    forced: "its callers were checked by hand",
  });
  expect(edges.filter((it) => it.to !== "echo")).toEqual(lowered.filter((it) => it.to !== "echo"));
  await stack.expectNoChanges();
  expect((await gatehouse("trust")).out).toContain("its callers were checked by hand");
});
