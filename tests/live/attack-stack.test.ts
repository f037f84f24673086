// A compromised application and a compromised sidecar in a real stack: what they reach, what they can read; and what
// docker-bench-security, sslscan and zlint have to say about the same stack. docs/security-findings.md explains the rest.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { makeCrl } from "../../components/pki/crl";
import { CA_EXTENSIONS, makeCertificate } from "../support/certificates";
import { TestStack } from "../support/stack";
import { docker, type ContainerFacts } from "../support/stack-docker";

const run = promisify(execFile);
let stack: TestStack;
let facts: Map<string, ContainerFacts>;
let edges: readonly { from: string; to: string }[];
let host: Server;
let hostPort: number;
let demo: string;

beforeAll(async () => {
  stack = await TestStack.create();
  await stack.bringUp();
  facts = await stack.docker.containers();
  demo = await docker("inspect", "--format", "{{.Image}}", nameOf("orders", ".app"));
  edges = (await stack.trust()).edges;
  // Whoever only knocks resets the connection: nothing to a server.
  host = createServer((socket) => socket.on("error", () => socket.destroy()).end("the host")).listen(0, "0.0.0.0");
  await new Promise((resolve) => host.once("listening", resolve));
  hostPort = (host.address() as AddressInfo).port;
});
afterAll(async () => {
  host.close();
  await stack.dispose();
});

const nameOf = (service: string, part = ""): string => `${service}.${stack.name}${part}`;
const running = (): [string, ContainerFacts][] => [...facts].filter(([, it]) => it.State.Running);
const addresses = (it: ContainerFacts, networks?: readonly string[]): string[] =>
  Object.entries(it.NetworkSettings.Networks)
    .filter(([network]) => networks?.includes(network) ?? true)
    .map(([, { IPAddress }]) => IPAddress)
    .filter((address) => address !== "");

const PROBE = `
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reach(it):
    try:
        with socket.create_connection((it[0], it[1]), timeout=1.5): return True
    except OSError: return False
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(64) as pool: answers = list(pool.map(reach, targets))
print(json.dumps([t for t, a in zip(targets, answers) if a]))
`;
const PORTS = [22, 80, 2375, 6379, 8000, 8080, 8443, 18443];

/** Container and port of everything in the stack that can be reached from somewhere. */
async function reachable(from: string[], networks?: readonly string[]): Promise<string[]> {
  const owners = new Map(
    running().flatMap(([name, it]) => addresses(it, networks).map((address) => [address, name] as const)),
  );
  const targets = [...owners.keys()].flatMap((address) => PORTS.map((port) => [address, port] as const));
  const found = JSON.parse(await docker(...from, "python3", "-c", PROBE, JSON.stringify(targets))) as [
    string,
    number,
  ][];
  return [...new Set(found.map(([address, port]) => `${owners.get(address)}:${port}`))].sort();
}
const inside = (container: string): string[] => ["exec", container];
/** Any program in the network position of a container, with nothing else of it. */
const beside = (container: string): string[] => [
  ...["run", "--rm", "--label", "gatehouse.test=attack", "--cap-drop=ALL", "--network", `container:${container}`],
  ...[demo],
];

const applications = (): string[] =>
  running().flatMap(([name]) => (name.endsWith(".app") ? [name.split(".")[0] ?? ""] : []));

describe("from inside of an application", () => {
  it("nothing is reachable but itself and its own sidecar's ports for calls", async () => {
    for (const service of applications()) {
      const own = [nameOf(service), nameOf(service, ".app")];
      for (const found of await reachable(inside(nameOf(service, ".app"))))
        expect([service, own]).toEqual([service, expect.arrayContaining([found.replace(/:\d+$/, "")])]);
    }
  });

  it("its sidecar takes calls there, and not those of callers", async () => {
    for (const service of applications())
      expect(await reachable(inside(nameOf(service, ".app")))).not.toContain(`${nameOf(service)}:8443`);
  });

  it("there is no key, no trust volume, no docker socket", async () => {
    for (const service of applications()) {
      const look = "ls -d /trust/* /run/docker.sock /var/run/docker.sock /run/gatehouse/* 2>/dev/null; true";
      expect(await docker("exec", nameOf(service, ".app"), "sh", "-c", look)).toBe("");
    }
  });
});

describe("from a sidecar's place in the networks", () => {
  it("nothing is reachable but its own cell and the callees of its edges", async () => {
    for (const service of applications()) {
      const callees = edges.filter((it) => it.from === service).map((it) => `${nameOf(it.to)}:8443`);
      const found = await reachable(beside(nameOf(service)));
      const others = found.filter(
        (it) => !it.startsWith(`${nameOf(service)}:`) && !it.startsWith(`${nameOf(service, ".app")}:`),
      );
      expect([service, others]).toEqual([service, callees.sort()]);
    }
  });

  it("and from the entry's place: the services of its routes on their port for callers alone, no port for calls", async () => {
    const gate = facts.get(nameOf("gate"));
    const near = Object.keys(gate?.NetworkSettings.Networks ?? {});
    const callees = edges.filter((it) => it.from === "gate").map((it) => `${nameOf(it.to)}:8443`);
    const found = await reachable(beside(nameOf("gate")), near);
    expect(found.filter((it) => !it.startsWith(`${nameOf("gate")}:`))).toEqual(callees.sort());
  });

  it("the host, through which the entry has its way out, has no route to the other networks", async () => {
    const routes = (await run("ip", ["route", "show"])).stdout;
    const subnets = await docker(
      ...["network", "inspect", "--format", "{{if .Internal}}{{range .IPAM.Config}}{{.Subnet}} {{end}}{{end}}"],
      ...(await stack.docker.networkNames()),
    );
    expect(subnets.match(/\S+/g)?.length).toBeGreaterThan(5);
    for (const subnet of subnets.match(/\S+/g) ?? []) expect(routes).not.toContain(subnet);
  });
});

describe("from everywhere inside but the entry", () => {
  const places = (): string[] =>
    running().flatMap(([name]) => (name === nameOf("gate") || name.endsWith("companion") ? [] : [name]));
  const gateways = async (): Promise<string[]> => {
    const subnets = await docker(
      "network",
      "inspect",
      "bridge",
      ...(await stack.docker.networkNames()),
      "--format",
      "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}};{{end}}",
    );
    return [...new Set([...subnets.matchAll(/(\d+\.\d+\.\d+)\.\d+/g)].map((it) => `${it[1]}.1`))];
  };

  it("no service of the host, no other address, no name outside", async () => {
    const targets = [...(await gateways()), "1.1.1.1", "169.254.169.254"].flatMap((address) =>
      [hostPort, 22, 53, 80, 443, 2375, stack.httpsPort].map((port) => [address, port]),
    );
    await Promise.all(
      places().map(async (place) => {
        const found = await docker(...beside(place), "python3", "-c", PROBE, JSON.stringify(targets));
        expect([place, found]).toEqual([place, "[]"]);
      }),
    );
    // The control: from a network with a way out the same listener answers.
    const control = await docker(
      ...["run", "--rm", "--label", "gatehouse.test=attack", "--network", "bridge"],
      ...[demo, "python3", "-c", PROBE, JSON.stringify(targets)],
    );
    expect(control).toContain(String(hostPort));
  });

  it("no name outside is resolved", async () => {
    const ask = "import socket,sys\ntry: print(socket.gethostbyname('example.org'))\nexcept OSError: print('no')";
    await Promise.all(
      places().map(async (place) => {
        expect([place, await docker(...beside(place), "python3", "-c", ask)]).toEqual([place, "no"]);
      }),
    );
  });
});

it("a container holds its own key and nobody else's", async () => {
  const keys = new Map<string, string>();
  for (const [name, it] of running()) {
    if (!(it.HostConfig.Binds ?? []).some((bind) => bind.includes("/trust"))) continue;
    const sums = await docker("exec", name, "sh", "-c", "cat /trust/*.key /trust/client.pem 2>/dev/null | sha256sum");
    const owner = name.replace(/\.companion$/, "");
    expect(keys.get(sums) ?? owner).toBe(owner);
    keys.set(sums, owner);
  }
  expect(keys.size).toBeGreaterThan(3);
});

describe("docker-bench-security, section 5", () => {
  it("finds nothing but what docs/security-findings.md explains", async () => {
    const findings: string[] = [];
    for (const [name, it] of running()) {
      const at = it.HostConfig as ContainerFacts["HostConfig"] & Record<string, unknown>;
      const raw = JSON.parse(await docker("inspect", name)) as [
        { HostConfig: Record<string, unknown>; State: { Health?: unknown } },
      ];
      const has = (check: string, ok: boolean): void =>
        void (ok || findings.push(`${check} ${name.split(".")[0]}${name.endsWith(".app") ? ".app" : ""}`));
      has("5.1 privileged", !at.Privileged);
      has("5.3 capabilities", (at.CapDrop ?? []).includes("ALL") && (at.CapAdd ?? []).length === 0);
      has(
        "5.5 sensitive mounts",
        (at.Binds ?? []).every((bind) => !bind.startsWith("/")),
      );
      has(
        "5.7 privileged ports",
        Object.values(at.PortBindings ?? {})
          .flat()
          .every((port) => Number(port.HostPort) >= 1024),
      );
      has("5.9 host network", raw[0].HostConfig.NetworkMode !== "host");
      has("5.10 memory", at.Memory > 0);
      has("5.11 cpu", at.NanoCpus > 0 || at.CpuQuota > 0);
      has("5.12 read-only root", at.ReadonlyRootfs);
      has(
        "5.13 bound interface",
        Object.values(at.PortBindings ?? {})
          .flat()
          .every((port) => port.HostIp !== "" && port.HostIp !== "0.0.0.0"),
      );
      has("5.14 restart", at.RestartPolicy.Name === "on-failure");
      has("5.15 host pid", raw[0].HostConfig.PidMode === "");
      has("5.16 host ipc", raw[0].HostConfig.IpcMode === "private");
      has("5.20 host uts", raw[0].HostConfig.UTSMode === "");
      has(
        "5.25 no-new-privileges",
        (at.SecurityOpt ?? []).some((option) => option.startsWith("no-new-privileges")),
      );
      has("5.26 health", raw[0].State.Health !== undefined);
      has("5.28 pids limit", Number(raw[0].HostConfig.PidsLimit ?? 0) > 0);
      has("4.1 user", it.Config.User !== "" && !it.Config.User.startsWith("0"));
    }
    const kinds = new Set(findings.map((it) => it.split(" ")[0]));
    // 5.14: "always", since a killed engine forgets the others. 5.15: a companion shares its service's processes. 5.26: an
    // application's health is its author's. 5.28: the provider has no such argument.
    expect([findings.filter((it) => !/^5\.(14|15|26|28) /.test(it)), [...kinds].sort()]).toEqual([
      [],
      expect.arrayContaining(["5.14"]),
    ]);
    for (const it of findings.filter((finding) => finding.startsWith("5.15"))) expect(it).toContain("site");
  });
});

/** A program that is there, or that the package manager brings; undefined, said aloud, when neither. */
function tool(name: string, pack: string): string | undefined {
  const found = (): boolean => {
    try {
      execFileSync("sh", ["-c", `command -v ${name}`]);
      return true;
    } catch {
      return false;
    }
  };
  if (found()) return name;
  try {
    execFileSync("sh", ["-c", `DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${pack}`], {
      stdio: "pipe",
    });
  } catch (error) {
    console.warn(`SKIPPED: no ${name} and no way to install ${pack}: ${String(error).split("\n")[0]}`);
  }
  return found() ? name : undefined;
}

describe("sslscan at the entry", () => {
  it("finds TLS 1.2 and 1.3 with forward secrecy alone", async () => {
    const sslscan = tool("sslscan", "sslscan");
    if (!sslscan) return;

    const { stdout } = await run(sslscan, ["--no-colour", `--sni-name=shop.localhost`, `127.0.0.1:${stack.httpsPort}`]);
    for (const old of ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"])
      expect(stdout).toMatch(new RegExp(`${old}\\s+disabled`));
    for (const now of ["TLSv1.2", "TLSv1.3"]) expect(stdout).toMatch(new RegExp(`${now}\\s+enabled`));
    const ciphers = [...stdout.matchAll(/^(?:Preferred|Accepted)\s+TLSv1\.[23]\s+\d+ bits\s+(\S+)/gm)].map(
      (it) => it[1] ?? "",
    );
    expect(ciphers.length).toBeGreaterThan(2);
    for (const cipher of ciphers) expect(cipher).toMatch(/^(TLS_|ECDHE-)/);
    expect(stdout).toMatch(/Session renegotiation not supported|Secure session renegotiation supported/);
    expect(stdout).not.toContain("Compression enabled");
    expect(stdout).not.toMatch(/vulnerable to heartbleed(?<!not vulnerable to heartbleed)/);
  });
});

/** zlint as a Go program of its own, kept for the next run. */
function zlint(): string | undefined {
  const folder = join(homedir(), ".cache/gatehouse/zlint");
  const program = join(folder, "zlint");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // The version of the public suffix list that zlint pins is not to be had from every proxy.
  const requirement =
    "require github.com/zmap/zlint/v3 v3.7.3\nreplace github.com/weppos/publicsuffix-go => github.com/weppos/publicsuffix-go v0.50.3\n";
  writeFileSync(join(folder, "go.mod"), `module gatehouse/zlint\n\ngo 1.24\n\n${requirement}`);
  writeFileSync(
    join(folder, "tools.go"),
    '//go:build tools\n\npackage tools\n\nimport _ "github.com/zmap/zlint/v3/cmd/zlint"\n',
  );
  try {
    execFileSync("go", ["build", "-mod=mod", "-o", program, "github.com/zmap/zlint/v3/cmd/zlint"], {
      cwd: folder,
      stdio: "pipe",
    });
    return program;
  } catch (error) {
    console.warn(`SKIPPED: zlint cannot be built here: ${String(error).split("\n")[0]}`);
    return undefined;
  }
}

/** Rules of the public web that an internal authority need not keep: docs/security-findings.md. */
const EXPLAINED = new Set([
  "e_ca_country_name_missing",
  "e_crl_next_update_invalid",
  "e_dnsname_not_valid_tld",
  "e_ext_san_uniform_resource_identifier_present",
  "e_invalid_ca_certificate_policies",
  "e_missing_crl_distrib_point",
  "e_sub_ca_certificate_policies_missing",
  "e_sub_ca_crl_distribution_points_missing",
  "e_sub_cert_aia_missing",
  "e_sub_cert_cert_policy_empty",
  "e_sub_cert_certificate_policies_missing",
  "e_sub_cert_country_name_must_appear",
  "e_sub_cert_locality_name_must_appear",
  "e_sub_cert_province_must_appear",
]);

describe("zlint on every kind of certificate", () => {
  it("finds nothing of RFC 5280, and of the web's rules what docs/security-findings.md explains", async () => {
    const program = zlint();
    if (!program) return;
    const cat = (container: string, file: string): Promise<string> =>
      docker("exec", container, "cat", `/trust/${file}`);
    const blocks = (pem: string): string[] =>
      pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n?/g) ?? [];
    const [server = "", intermediate = ""] = blocks(await cat(nameOf("orders"), "server.crt"));
    const kinds: Record<string, string> = {
      root: blocks(await cat(nameOf("orders"), "ca-chain.pem"))[0] ?? "",
      intermediate,
      server,
      client: blocks(await cat(nameOf("orders"), "client.pem"))[0] ?? "",
      public: blocks(await cat(nameOf("gate"), "public-0.crt"))[0] ?? "",
    };
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-zlint-"));
    const findings: string[] = [];
    // The stack has none while nothing is revoked; what signs them is the same.
    const authority = makeCertificate({ commonName: "a root", extensions: CA_EXTENSIONS });
    const at = new Date().toISOString();
    const list = (serials: readonly string[]): string =>
      makeCrl(
        { certificatePem: authority.certificate, privateKeyPem: authority.key },
        serials.map((serial) => ({ serial, at, reason: "keyCompromise", until: at })),
        Math.floor(Date.now() / 1000),
      );
    Object.assign(kinds, { "empty list": list([]), list: list(["80FF", "01"]) });
    try {
      for (const [kind, pem] of Object.entries(kinds)) {
        const file = join(folder, `${kind}.pem`);
        writeFileSync(file, pem);
        const lint = async (...args: string[]): Promise<Record<string, { result: string }>> =>
          JSON.parse((await run(program, [...args, file])).stdout) as Record<string, { result: string }>;
        const strict = Object.entries(await lint("-includeSources", "RFC5280"));
        for (const [name, { result }] of strict)
          if (["warn", "error", "fatal"].includes(result)) findings.push(`${kind}: ${result} ${name}`);
        const all = Object.entries(await lint()).filter(([, { result }]) => ["error", "fatal"].includes(result));
        for (const [name] of all) if (!EXPLAINED.has(name)) findings.push(`${kind}: ${name}`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(findings).toEqual([]);
  });
});
