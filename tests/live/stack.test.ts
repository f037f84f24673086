// The dev stack as a user gets it: what it serves, what it refuses, how its containers live, and that it keeps its secrets.
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

import { docker } from "../support/stack-docker";
import { commandLines, leaksIn, needlesOf } from "../support/stack-leaks";
import { TestStack, devConfig, showingLogs, type Settings } from "../support/stack";

jest.setTimeout(1_200_000);

let stack: TestStack;
const test = showingLogs(() => stack);
/** Command lines seen while the stack was brought up. */
const seen = new Set<string>();

const CONFIG: Settings = devConfig({
  // A host on which not every path leads somewhere.
  proxy: { hosts: { "api.localhost": { routes: [{ path: "/only", to: "echo" }] } } },
});

beforeAll(async () => {
  stack = await TestStack.create({ config: CONFIG });
  const sampler = setInterval(() => commandLines().forEach((line) => seen.add(line)), 100);
  try {
    await stack.bringUp();
  } finally {
    clearInterval(sampler);
  }
});

afterAll(() => stack?.dispose());

interface Echo {
  readonly path: string;
  readonly headers: Record<"identity" | "forwarded" | "other", [string, string][]>;
}

async function echo(headers: Record<string, string> = {}, url = "https://echo.localhost/"): Promise<Echo> {
  return JSON.parse((await stack.request(url, { headers })).body) as Echo;
}

/** Runs Python in the application's own container: `inside("orders", "print(1)")`. */
async function inside(service: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await stack.docker.exec(`${service}.app`, "python3", "-c", script);
  return code === 0 ? stdout : `${stdout}\n${stderr}`;
}

describe("the entry", () => {
  test("answers every route over verified TLS", async () => {
    const shop = await stack.request("https://shop.localhost/");
    expect(shop.status).toBe(200);
    expect(shop.headers["content-type"]).toMatch(/^text\/html/);
    expect((await stack.request("https://shop.localhost/api/orders")).status).toBe(200);
    expect((await stack.request("https://echo.localhost/any/path?x=1")).status).toBe(200);
    expect((await stack.request("https://api.localhost/only")).status).toBe(200);
  });

  test("passes what an application stores and reads back, through every hop", async () => {
    const body = JSON.stringify({ article: "lantern", count: 2 });
    const made = await stack.request("https://shop.localhost/api/orders", { method: "POST", body });
    expect(made.status).toBe(201);
    const order = JSON.parse(made.body) as { number: number };
    const list = JSON.parse((await stack.request("https://shop.localhost/api/orders")).body) as {
      orders: unknown[];
      stock: Record<string, number>;
    };
    expect(list.orders).toContainEqual({ number: order.number, article: "lantern", count: 2 });
    expect(list.stock.lantern).toBeGreaterThan(0);
  });

  test("redirects plain HTTP to the same place on HTTPS", async () => {
    const { status, headers } = await stack.request("http://shop.localhost/a/b?c=d");
    expect(status).toBe(301);
    expect(headers.location).toBe(`https://shop.localhost:${stack.httpsPort}/a/b?c=d`);
  });

  test("tells browsers to stay with HTTPS, in refusals too", async () => {
    for (const url of ["https://shop.localhost/", "https://api.localhost/nowhere"])
      expect((await stack.request(url)).headers["strict-transport-security"]).toBe("max-age=63072000");
    expect((await stack.request("http://shop.localhost/")).headers["strict-transport-security"]).toBeUndefined();
  });

  test("has nothing for a client that trusts another root", async () => {
    const { makeCertificate, CA_EXTENSIONS } = await import("../support/certificates");
    const other = makeCertificate({ commonName: "another root", extensions: CA_EXTENSIONS });
    await expect(stack.request("https://shop.localhost/", { ca: other.certificate })).rejects.toThrow(
      /unable to|self.signed/,
    );
  });

  test("shows each host a certificate of its own", async () => {
    const { entry } = await stack.trust();
    expect(await stack.servedFingerprint("shop.localhost")).toBe(entry.hosts["shop.localhost"]?.fingerprint);
    expect(await stack.servedFingerprint("echo.localhost")).toBe(entry.hosts["echo.localhost"]?.fingerprint);
    expect(entry.hosts["echo.localhost"]?.fingerprint).not.toBe(entry.hosts["shop.localhost"]?.fingerprint);
    await expect(stack.request("https://shop.localhost/", { verifyAs: "echo.localhost" })).rejects.toThrow(
      /Hostname\/IP does not match/,
    );
  });

  test("refuses a host that it does not know, in TLS, in HTTPS and in HTTP", async () => {
    const gate = `gate.${stack.name}.corp.test`;
    const ask = { verifyAs: gate };
    expect([403, 421]).toContain((await stack.request("https://nobody.localhost/", ask)).status);
    expect((await stack.request("https://shop.localhost/", { host: "nobody.localhost" })).status).toBe(421);
    expect((await stack.request("https://shop.localhost/", { host: "echo.localhost" })).status).toBe(421);
    expect((await stack.request("http://nobody.localhost/")).status).toBe(403);
  });

  test("refuses a path that no route names", async () => {
    for (const path of ["/", "/onlyy", "/ONLY", "/.git/config", "/server-status"]) {
      const { status, body } = await stack.request(`https://api.localhost${path}`);
      expect([path, status]).toEqual([path, 404]);
      expect(body).not.toContain("x-gatehouse");
    }
  });

  test.each([
    ["X-Forwarded-For", "203.0.113.9"],
    ["X-Forwarded-Host", "evil.example"],
    ["X-Real-IP", "203.0.113.9"],
    ["Forwarded", "for=203.0.113.9"],
    ["X-Gatehouse-Caller", "evil.example"],
    ["X-Gatehouse-Caller-Verify", "evil.example"],
    ["X-Gatehouse-Entry-Host", "evil.example"],
  ])("lets no %s of a client through", async (name, value) => {
    const { headers } = await echo({ [name]: value });
    expect(JSON.stringify(headers)).not.toContain(value);
  });

  test.each(["X_Forwarded_For", "X-Gatehouse_Caller", "X_Real_IP", "X-SSL-Client-DN", "SSL_CLIENT_VERIFY"])(
    "refuses the look-alike %s",
    async (name) => {
      const answer = await stack.request("https://echo.localhost/", { headers: { [name]: "evil.example" } });
      expect(answer.status).toBe(403);
    },
  );

  test("tells a service who calls it and where the request came from", async () => {
    const { headers } = await echo();
    const all = new Map([...headers.identity, ...headers.forwarded, ...headers.other]);
    expect(all.get("x-gatehouse-caller")).toBe(`gate.${stack.name}.corp.test`);
    expect(all.get("x-gatehouse-caller-verify")).toBe("SUCCESS");
    expect(all.get("x-gatehouse-caller-tls")).toMatch(/^TLSv1\.[23]\//);
    expect(all.get("x-gatehouse-entry-tls")).toMatch(/^TLSv1\.[23]\//);
    expect(all.get("x-gatehouse-entry-host")).toBe("echo.localhost");
    expect(all.get("x-forwarded-proto")).toBe("https");
    expect(all.get("x-forwarded-host")).toMatch(/^echo\.localhost(:\d+)?$/);
    // Every one of them once: a second could be the client's.
    expect(headers.identity.map(([name]) => name)).toEqual([...new Set(headers.identity.map(([name]) => name))]);
  });
});

describe("another update", () => {
  test("changes nothing, and says so", async () => {
    const { code, text } = await stack.up("--expect-no-changes");
    expect([code, text]).toEqual([0, text]);
    expect(text).toMatch(/\d+ unchanged/);
  });

  test("changes nothing after a refresh either", async () => {
    const refreshed = await stack.refresh();
    expect([refreshed.code, refreshed.text]).toEqual([0, refreshed.text]);
    await stack.expectNoChanges();
  });
});

describe("every container", () => {
  test("runs unprivileged, read-only, without capabilities, with limits, and restarts always", async () => {
    for (const [name, { Config, HostConfig, State }] of await stack.docker.serving()) {
      const facts = {
        name,
        running: State.Running,
        root: HostConfig.ReadonlyRootfs,
        privileged: HostConfig.Privileged,
        added: HostConfig.CapAdd ?? [],
        dropped: HostConfig.CapDrop,
        noNewPrivileges: (HostConfig.SecurityOpt ?? []).some((it) => /^no-new-privileges(:true)?$/.test(it)),
        restart: HostConfig.RestartPolicy.Name,
        limited: HostConfig.Memory > 0 && HostConfig.MemorySwap === HostConfig.Memory,
        cpus: HostConfig.NanoCpus > 0 || HostConfig.CpuQuota > 0,
      };
      expect(facts).toEqual({
        name,
        running: true,
        root: true,
        privileged: false,
        added: [],
        dropped: ["ALL"],
        noNewPrivileges: true,
        restart: "always",
        limited: true,
        cpus: true,
      });
      expect([name, Config.User]).not.toEqual([name, expect.stringMatching(/^(0|root)(:|$)/)]);
    }
  });

  test("has processes of an ordinary user only, with no capability at all", async () => {
    for (const name of (await stack.docker.serving()).keys()) {
      const lines = (await docker("top", name, "-eo", "pid,uid")).split("\n").slice(1);
      expect([name, lines.length]).not.toEqual([name, 0]);
      for (const line of lines) expect([name, line.trim().split(/\s+/)[1]]).not.toEqual([name, "0"]);
    }
    const status = await stack.docker.exec(
      "gate",
      "grep",
      "-E",
      "^(CapEff|CapPrm|CapBnd|NoNewPrivs)",
      "/proc/1/status",
    );
    expect(status.stdout.split("\n").map((line) => line.split(/\s+/)[1])).toEqual([
      "0000000000000000",
      "0000000000000000",
      "0000000000000000",
      "1",
    ]);
  });

  test("is there for a reason: an entry, applications, sidecars, one companion, and loaders that never ran", async () => {
    for (const [name, it] of await stack.docker.containers()) {
      const role = it.Config.Labels["gatehouse.role"];
      expect([name, role]).toEqual([
        name,
        expect.stringMatching(/^(entry|application|sidecar|companion|loader)$/) as unknown,
      ]);
      if (role === "loader") expect([name, it.State.Status]).toEqual([name, "created"]);
    }
  });

  test("publishes nothing, but for the entry on the configured address", async () => {
    for (const [name, { HostConfig }] of await stack.docker.serving()) {
      const bindings = Object.values(HostConfig.PortBindings ?? {}).flat();
      const expected = name === `gate.${stack.name}` ? [stack.httpPort, stack.httpsPort].map(String).sort() : [];
      expect([name, bindings.map((it) => it.HostPort).sort()]).toEqual([name, expected]);
      for (const it of bindings) expect(it.HostIp).toBe("127.0.0.1");
    }
  });
});

describe("the networks", () => {
  test("are ours alone: nothing is on Docker's default bridge", async () => {
    for (const [name, { NetworkSettings }] of await stack.docker.serving()) {
      const networks = Object.keys(NetworkSettings.Networks);
      expect(networks).not.toEqual([]);
      for (const it of networks) expect([name, it]).toEqual([name, expect.stringContaining(`.${stack.name}.`)]);
    }
  });

  test("are internal but for the entry, and have no address of the host", async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const networks = await stack.docker.networks();
    expect(networks.size).toBeGreaterThan(4);
    for (const [name, network] of networks) {
      const isEntry = name === `gate.${stack.name}.entry`;
      expect([name, network.Internal]).toEqual([name, !isEntry]);
      if (isEntry) continue;
      const bridge = `br-${network.Id.slice(0, 12)}`;
      expect([name, networkInterfaces()[bridge]?.filter((it) => it.family === "IPv4") ?? []]).toEqual([name, []]);
      for (const { Subnet } of network.IPAM.Config)
        expect([name, addresses.filter((it) => contains(Subnet, it.address))]).toEqual([name, []]);
    }
  });

  test("hold a callee and its callers, and in a cell exactly two", async () => {
    const members = async (name: string): Promise<string[]> => {
      const network = (await stack.docker.networks()).get(`${name.split(".")[0]}.${stack.name}.${name.split(".")[1]}`);
      return Object.values(network?.Containers ?? {})
        .map((it) => it.Name.replace(`.${stack.name}`, ""))
        .sort();
    };
    expect(await members("orders.cell")).toEqual(["orders", "orders.app"]);
    expect(await members("orders.edge")).toEqual(["gate", "orders"]);
    expect(await members("inventory.edge")).toEqual(["inventory", "orders"]);
    expect(await members("store.edge")).toEqual(["orders", "store"]);
    expect(await members("site.edge")).toEqual(["gate", "site", "site.companion"]);
    expect(await members("gate.entry")).toEqual(["gate"]);
  });
});

describe("an application in a cell", () => {
  const resolves = (name: string): string =>
    `import socket\ntry: print(socket.gethostbyname(${JSON.stringify(name)}))\nexcept OSError as e: print("none")`;
  const reaches = (address: string, port: number): string =>
    `import socket\ntry: socket.create_connection((${JSON.stringify(address)}, ${port}), 3).close(); print("reached")\n` +
    `except OSError as e: print("none")`;

  test("resolves its callees, and nobody else", async () => {
    for (const name of ["inventory", "store"]) expect(await inside("orders", resolves(name))).toMatch(/^\d+\./);
    for (const name of ["echo", "site", "gate", "echo.app", `echo.${stack.name}.corp.test`, "example.com"])
      expect([name, await inside("orders", resolves(name))]).toEqual([name, "none"]);
  });

  test("reaches its callee by its plain name, as itself", async () => {
    const call = `import urllib.request; print(urllib.request.urlopen("http://inventory/stock", timeout=5).read().decode())`;
    const answer = JSON.parse(await inside("orders", call)) as { asked_by: string };
    expect(answer.asked_by).toBe(`orders.${stack.name}.corp.test`);
  });

  test("reaches neither another service's container, nor its sidecar, nor the entry", async () => {
    const containers = await stack.docker.serving();
    // Control: the same script does reach its own sidecar.
    expect(await inside("orders", reaches("inventory", 80))).toBe("reached");
    for (const [name, port] of [
      ["inventory.app", 8000],
      ["inventory", 8443],
      ["echo", 8443],
      ["gate", 8443],
    ] as const) {
      const [service = "", ...rest] = name.split(".");
      const facts = containers.get([service, stack.name, ...rest].join("."));
      const addresses = Object.entries(facts?.NetworkSettings.Networks ?? {}).map(([, it]) => it.IPAddress);
      expect(addresses).not.toEqual([]);
      for (const address of addresses)
        expect([name, address, await inside("orders", reaches(address, port))]).toEqual([name, address, "none"]);
    }
  });

  test("reaches nothing of the host, on no address that it has", async () => {
    const server = createServer((socket) => socket.on("error", () => socket.destroy()).end());
    await new Promise<void>((done) => server.listen(0, "0.0.0.0", done));
    try {
      const { port } = server.address() as AddressInfo;
      const addresses = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .filter((it) => it.family === "IPv4" && !it.internal)
        .map((it) => it.address)
        .slice(0, 5);
      for (const address of addresses)
        expect([address, await inside("orders", reaches(address, port))]).toEqual([address, "none"]);
    } finally {
      server.close();
    }
  });
});

describe("keys and secrets", () => {
  test("lie in volumes with mode 0440, for the group that needs them", async () => {
    const stat = async (container: string, file: string): Promise<string> =>
      (await stack.docker.exec(container, "stat", "-c", "%a %u:%g", file)).stdout;
    expect(await stat("gate", "/trust/server.key")).toBe("440 0:10100");
    expect(await stat("gate", "/trust/client.pem")).toBe("440 0:10100");
    expect(await stat("orders", "/trust/server.key")).toBe("440 0:10100");
    expect(await stat("orders", "/trust/client.pem")).toBe("440 0:10100");
    expect(await stat("site", "/trust/server.key")).toBe("440 0:10200");
    expect(await stat("orders.app", "/run/secrets/store-password")).toBe("440 0:10200");
    expect(await stat("orders", "/trust/server.crt")).toBe("444 0:10100");
  });

  test("cannot be written by those who read them, nor be seen by an application in a cell", async () => {
    expect((await stack.docker.exec("orders", "sh", "-c", "echo x > /trust/server.key")).code).not.toBe(0);
    expect((await stack.docker.exec("orders.app", "ls", "/trust/server.key")).code).not.toBe(0);
  });

  test("never include a key of an authority", async () => {
    const resources = await stack.resources("--show-secrets");
    const authority = resources.filter((it) => /-(root|intermediate)-g1-key$/.test(it.urn));
    expect(authority).toHaveLength(2);
    const keys = [...needlesOf(authority).keys()];
    expect(keys.length).toBeGreaterThanOrEqual(2);
    for (const container of ["gate", "orders", "site", "store"]) {
      const { stdout } = await stack.docker.exec(container, "sh", "-c", "cat /trust/*");
      expect(stdout).toMatch(/PRIVATE KEY/);
      for (const key of keys) expect(stdout).not.toContain(key);
    }
  });

  test("are in no inspection, log, output, plain state or command line", async () => {
    const needles = needlesOf(await stack.resources("--show-secrets"));
    // Two authority keys, eight or more leaves, one password and its salts.
    expect(needles.size).toBeGreaterThan(10);
    const names = await stack.docker.containerNames();
    const places = new Map<string, string>([
      ["printed by pulumi", stack.printed],
      ["pulumi stack output", (await stack.run("stack", "output", "--json")).stdout],
      ["pulumi stack export", await stack.exportText()],
      ["pulumi stack", (await stack.run("stack")).stdout],
      ["command lines during up", [...seen].join("\n")],
      ["command lines now", commandLines().join("\n")],
      ["docker logs", await stack.docker.allLogs("all")],
      ["docker volume inspect", await docker("volume", "inspect", ...(await stack.docker.volumeNames()))],
      ["docker network inspect", await docker("network", "inspect", ...(await stack.docker.networkNames()))],
    ]);
    for (const name of names) places.set(`docker inspect ${name}`, await docker("inspect", name));
    expect([...seen].some((line) => line.includes("pulumi-resource-docker"))).toBe(true);
    expect(leaksIn(places, needles)).toEqual([]);
    // Control: the search finds what is there.
    expect(leaksIn(new Map([["state", await stack.exportText("--show-secrets")]]), needles)).not.toEqual([]);
  });
});

describe("ports that are taken", () => {
  async function refusalFor(ports: Settings): Promise<{ text: string; made: number }> {
    const other = await TestStack.create({ config: devConfig({ proxy: ports }) });
    try {
      const { code, text } = await other.up();
      expect(code).not.toBe(0);
      const made = (await other.resources()).filter((it) => it.id !== undefined && !it.type.startsWith("pulumi:"));
      expect(await other.docker.leftovers()).toEqual([]);
      return { text, made: made.length };
    } finally {
      await other.dispose();
    }
  }

  test("by another program are reported before anything is made", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const { port } = server.address() as AddressInfo;
      const { text, made } = await refusalFor({ httpsPort: port });
      expect(text).toMatch(
        new RegExp(
          `gatehouse:proxy\\.httpsPort = ${port}\\s+rule: the port is free on 127\\.0\\.0\\.1; another program`,
        ),
      );
      expect(made).toBe(0);
    } finally {
      server.close();
    }
  });

  test("by another container are reported with its name", async () => {
    const { text, made } = await refusalFor({ httpPort: stack.httpPort, httpsPort: stack.httpsPort });
    for (const key of ["httpPort", "httpsPort"])
      expect(text).toMatch(
        new RegExp(`gatehouse:proxy\\.${key} = \\d+\\s+rule: .*the container gate\\.${stack.name} has it`),
      );
    expect(made).toBe(0);
    // And the one that has them goes on.
    expect((await stack.request("https://shop.localhost/")).status).toBe(200);
  });
});

describe("destroy", () => {
  test("leaves no container, network or volume", async () => {
    const { code, text } = await stack.destroy();
    expect([code, text]).toEqual([0, text]);
    expect(await stack.docker.leftovers()).toEqual([]);
  });
});

/** Whether a range in CIDR notation holds an IPv4 address. */
function contains(cidr: string, address: string): boolean {
  const number = (text: string): number => text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const [base = "", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  return /^\d+\./.test(address) && Math.floor(number(address) / size) === Math.floor(number(base) / size);
}
