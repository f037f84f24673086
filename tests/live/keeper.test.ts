// The keeper in its real image: what it takes, what it refuses, and what stays up meanwhile.
import { createPrivateKey, X509Certificate } from "node:crypto";

import { makeCertificate } from "../support/certificates";
import { buildImage, docker, KeeperContainer } from "./support/keeper-container";
import type { LeafOptions } from "./support/keeper-pki";
import { TestAuthority } from "./support/keeper-pki";
import type { Release, ReleaseOptions } from "./support/keeper-release";
import { makeRelease, NAME } from "./support/keeper-release";

const started: KeeperContainer[] = [];
let gateImage: string;
let authority: TestAuthority;
let stranger: TestAuthority;

beforeAll(() => {
  gateImage = buildImage("gate");
  authority = new TestAuthority("test services");
  stranger = new TestAuthority("a stranger");
});

afterAll(async () => {
  await Promise.all(started.map((container) => container.remove()));
  authority.remove();
  stranger.remove();
});

function container(server: "httpd" | "haproxy" | "companion"): KeeperContainer {
  const made = new KeeperContainer(gateImage, server);
  started.push(made);
  return made;
}

const leafOf = (release: Release): string => new X509Certificate(release.files["server.crt"] ?? "").toString();

/** A good release in which the server's certificate is another one. */
function withLeaf(options: LeafOptions, by = authority): ReleaseOptions {
  const leaf = by.leaf(options);
  return { files: { "server.crt": leaf.cert + by.intermediate.cert, "server.key": leaf.key } };
}

const withClient = (parts: (leaf: string, key: string, intermediate: string) => string): ReleaseOptions => {
  const client = authority.leaf({ usage: "clientAuth" });
  return { files: { "client.pem": parts(client.cert, client.key, authority.intermediate.cert) } };
};

const BAD: [fault: string, options: () => ReleaseOptions, reason: RegExp][] = [
  [
    "a key of another certificate",
    () => ({ files: { "server.key": authority.leaf().key } }),
    /server\.key: the key does not fit the certificate in server\.crt/,
  ],
  ["an expired certificate", () => withLeaf({ fromDay: -9, toDay: -2 }), /server\.crt: .* has expired at/],
  ["a certificate that is not yet valid", () => withLeaf({ fromDay: 2 }), /server\.crt: .* is not yet valid.*clock/],
  [
    "a chain with the intermediate first",
    () => {
      const leaf = authority.leaf();
      return { files: { "server.crt": authority.intermediate.cert + leaf.cert, "server.key": leaf.key } };
    },
    /server\.crt: .*wrong order, the leaf comes first/,
  ],
  [
    "a client's certificate on the server",
    () => withLeaf({ usage: "clientAuth" }),
    /server\.crt: .* is not for server use.*serverAuth/,
  ],
  [
    "a chain of an unknown authority",
    () => withLeaf({}, stranger),
    /server\.crt: does not lead to a root in ca-chain\.pem \(unable to get/,
  ],
  [
    "a chain without its intermediate",
    () => {
      const leaf = authority.leaf();
      return { files: { "server.crt": leaf.cert, "server.key": leaf.key } };
    },
    /server\.crt: does not lead to a root/,
  ],
  [
    "the name in the common name alone",
    () => withLeaf({ commonName: NAME, dnsNames: [] }),
    /server\.crt: has the name .* in its common name only/,
  ],
  [
    "a certificate for another name",
    () => withLeaf({ dnsNames: ["billing.dev.corp.test"] }),
    /server\.crt: is not for the name orders\.dev\.corp\.test .*billing/,
  ],
  ["a short RSA key", () => withLeaf({ key: "rsa1024" }), /server\.crt: .* RSA key of 1024 bits/],
  ["a SHA-1 signature", () => withLeaf({ digest: "sha1" }), /server\.crt: .* signed with .*SHA1/i],
  [
    "a root in client.pem",
    () => withClient((leaf, key, intermediate) => leaf + key + intermediate + authority.root.cert),
    /client\.pem: holds a root/,
  ],
  [
    "client.pem with the key last",
    () => withClient((leaf, key, intermediate) => leaf + intermediate + key),
    /client\.pem: wrong order \(certificate, certificate, key\)/,
  ],
  [
    "a server's certificate in client.pem",
    () => {
      const leaf = authority.leaf();
      return { files: { "client.pem": leaf.cert + leaf.key + authority.intermediate.cert } };
    },
    /client\.pem: .* is not for client use.*clientAuth/,
  ],
  [
    "an intermediate in the bundle",
    () => ({ files: { "ca-chain.pem": authority.root.cert + authority.intermediate.cert } }),
    /ca-chain\.pem: certificate 2 .* is not self-signed/,
  ],
  [
    "an intermediate of another authority in the chain",
    () => {
      const leaf = authority.leaf();
      return { files: { "server.crt": leaf.cert + stranger.intermediate.cert, "server.key": leaf.key } };
    },
    /server\.crt: certificate 2 \(CN=a stranger issuing\) did not issue the certificate before it/,
  ],
  [
    "a leaf that was issued by a leaf",
    () => {
      const issuer = makeCertificate({ commonName: "no ca", extensions: ["basicConstraints=critical,CA:FALSE"] });
      const extensions = ["extendedKeyUsage=serverAuth", `subjectAltName=DNS:${NAME}`];
      const leaf = makeCertificate({ commonName: NAME, extensions, issuer });
      return { files: { "server.crt": leaf.certificate + issuer.certificate, "server.key": leaf.key } };
    },
    /server\.crt: certificate 2 \(CN=no ca\) is used as an intermediate but is no CA/,
  ],
  [
    "a key in the chain",
    () => {
      const leaf = authority.leaf();
      const chain = leaf.cert + leaf.key + authority.intermediate.cert;
      return { files: { "server.crt": chain, "server.key": leaf.key } };
    },
    /server\.crt: holds a private key; a chain holds certificates alone/,
  ],
  [
    "two keys",
    () => ({ files: { "server.key": authority.leaf().key + authority.leaf().key } }),
    /server\.key: holds more than one private key/,
  ],
  [
    "an encrypted key",
    () => {
      const leaf = authority.leaf();
      const how = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
      const key = createPrivateKey(leaf.key).export(how).toString();
      return { files: { "server.crt": leaf.cert + authority.intermediate.cert, "server.key": key } };
    },
    /server\.key: the key is encrypted/,
  ],
  [
    "a self-signed certificate in the bundle that is no CA",
    () => {
      const { certificate } = makeCertificate({ commonName: "nobody", extensions: ["basicConstraints=CA:FALSE"] });
      return { files: { "ca-chain.pem": authority.root.cert + certificate } };
    },
    /ca-chain\.pem: certificate 2 .* is no CA certificate/,
  ],
  [
    "a key in the bundle",
    () => ({ files: { "ca-chain.pem": authority.root.cert + authority.leaf().key } }),
    /ca-chain\.pem: holds a block "PRIVATE KEY"; a bundle holds root certificates alone/,
  ],
  [
    "garbage instead of a certificate",
    () => ({ files: { "server.crt": "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n" } }),
    /server\.crt: certificate 1 does not parse/,
  ],
  [
    "a truncated key",
    () => ({ files: { "server.key": authority.leaf().key.slice(0, 90) } }),
    /server\.key: a PRIVATE KEY block is cut off/,
  ],
  ["a manifest of a later version", () => ({ manifest: { version: 2 } }), /manifest\.json: has version 2/],
  [
    "a manifest for another server",
    () => ({ manifest: { server: "companion" } }),
    /manifest\.json: is a release for companion/,
  ],
  [
    "a file name that leaves the directory",
    () => ({ manifest: { files: { "../x": "0".repeat(64) } } }),
    /manifest\.json: the file name "\.\.\/x" is not allowed/,
  ],
];

const withCrl = (text: string): ReleaseOptions => ({
  files: { "crl.pem": text },
  manifest: { crls: [{ file: "crl.pem" }] },
});

/** The lists of an authority of which the container has no certificate. */
const withUsers = (text: string, manifest: Record<string, unknown> = {}): ReleaseOptions => ({
  files: {
    "users-crl.pem": text,
    "users-ca.pem": stranger.root.cert,
    "users-issuers.pem": stranger.intermediate.cert,
  },
  manifest: {
    bundles: ["ca-chain.pem", "users-ca.pem"],
    crls: [{ file: "users-crl.pem", bundle: "users-ca.pem", issuers: "users-issuers.pem", ...manifest }],
  },
});

const HOURS = 3_600;
const seconds = (): number => Math.floor(Date.now() / 1000);

/** Every one of them would refuse every caller, or let in who was revoked; no server looks before it does. */
const BAD_CRLS: [fault: string, options: () => ReleaseOptions, reason: RegExp][] = [
  [
    "no list of the root",
    () => withCrl(authority.crl("intermediate")),
    /crl\.pem: would refuse server\.crt .*unable to get certificate CRL/,
  ],
  [
    "no list of the intermediate",
    () => withCrl(authority.crl("root")),
    /crl\.pem: would refuse server\.crt .*unable to get certificate CRL/,
  ],
  [
    "a list that has run out",
    () => withCrl(authority.crl("root") + authority.expiredCrl("intermediate")),
    /crl\.pem: list 2 \(CN=test services issuing\) has run out at/,
  ],
  [
    "a list from the future",
    () => withCrl(authority.crl("root", { number: seconds() + 3 * HOURS }) + authority.crl("intermediate")),
    /crl\.pem: list 1 .* is not yet valid .*clock/,
  ],
  [
    "a list signed with another key",
    () => withCrl(authority.crl("root") + authority.crl("intermediate", { key: stranger.intermediate.key })),
    /crl\.pem: would refuse server\.crt .*CRL signature failure/,
  ],
  [
    "a list with a label that servers skip",
    () => withCrl((authority.crl("root") + authority.crl("intermediate")).replaceAll("X509 CRL", "CRL")),
    /crl\.pem: block 1 is labelled "CRL"/,
  ],
  [
    "garbage instead of a list",
    () => withCrl("-----BEGIN X509 CRL-----\nbm90aGluZw==\n-----END X509 CRL-----\n"),
    /crl\.pem: list 1 does not parse/,
  ],
  [
    "two lists of one issuer",
    () =>
      withCrl(authority.crl("root") + authority.crl("intermediate") + authority.crl("intermediate", { revoked: [] })),
    /crl\.pem: holds two lists of CN=test services issuing/,
  ],
  [
    "a list that revokes the release's own certificate",
    () => {
      const leaf = authority.leaf();
      const crl = authority.crl("root") + authority.crl("intermediate", { revoked: [leaf.cert] });
      return {
        files: { "crl.pem": crl, "server.crt": leaf.cert + authority.intermediate.cert, "server.key": leaf.key },
        manifest: { crls: [{ file: "crl.pem" }] },
      };
    },
    /crl\.pem: would refuse server\.crt .*certificate revoked, at depth 0/,
  ],
  [
    "a root's list that revokes the intermediate",
    () => withCrl(authority.crl("root", { revoked: [authority.intermediate.cert] }) + authority.crl("intermediate")),
    /crl\.pem: would refuse server\.crt .*certificate revoked, at depth 1/,
  ],
  [
    "no list of another authority's root",
    () => withUsers(stranger.crl("intermediate")),
    /users-crl\.pem: would refuse everything under CN=a stranger issuing: unable to get certificate CRL/,
  ],
  [
    "no list of another authority's intermediate",
    () => withUsers(stranger.crl("root")),
    /users-crl\.pem: would refuse everything under CN=a stranger issuing: unable to get certificate CRL/,
  ],
  [
    "another authority's list signed with a wrong key",
    () => withUsers(stranger.crl("root") + stranger.crl("intermediate", { key: authority.intermediate.key })),
    /users-crl\.pem: the list of CN=a stranger issuing is not signed with its key/,
  ],
  [
    "a list that nothing in the release can check",
    () => withUsers(stranger.crl("root") + stranger.crl("intermediate"), { issuers: undefined }),
    /users-crl\.pem: cannot be checked/,
  ],
];

describe.each(["httpd", "haproxy"] as const)("a container with %s", (server) => {
  let gate: KeeperContainer;
  let first: Release;
  const root = (): string => authority.root.cert;

  beforeAll(async () => {
    gate = container(server);
    first = makeRelease(server, authority);
    await gate.deliver(first);
    await gate.start();
    await gate.decided(first);
  });

  it("serves a good release and says so", async () => {
    expect(await gate.decided(first)).toMatchObject({ release: first.id, state: "active", refused: null });
    expect(await gate.get(root())).toBe(leafOf(first));
    expect(await gate.health()).toEqual({ ok: true, line: "active" });
    expect(await gate.logs()).toContain(`"event":"activated","release":"${first.id}"`);
  });

  it.each([...BAD, ...BAD_CRLS])(
    "refuses %s, names the reason and goes on serving",
    async (_fault, options, reason) => {
      const before = await gate.status();
      const bad = makeRelease(server, authority, options());
      await gate.deliver(bad);
      const status = await gate.decided(bad);
      expect(status.state).toBe("refused");
      expect(status.refused?.reason).toMatch(reason);
      expect(status.release).toBe(before.release);
      const health = await gate.health();
      expect(health.ok).toBe(false);
      expect(health.line).toMatch(/^refused: /);
      expect(health.line).toMatch(reason);
      expect(await gate.get(root())).toBe(leafOf(first));
    },
  );

  it("takes back the release that it serves", async () => {
    await gate.deliver(first);
    expect(await gate.decided(first)).toMatchObject({ state: "active", refused: null });
    expect((await gate.health()).ok).toBe(true);
  });

  it("goes on serving when there is no room for another release, says so, and takes it once there is", async () => {
    const started = await gate.inspect("{{.State.StartedAt}}");
    const fill = "cat /dev/zero >/run/gatehouse/fill; true";
    await docker("exec", gate.name, "sh", "-c", `${fill} 2>/dev/null`);
    const next = makeRelease(server, authority);
    await gate.deliver(next);
    await gate.until((status) => status.state !== "active");
    expect((await gate.health()).line).toMatch(/no room left in \/run\/gatehouse/);
    expect(await gate.get(root())).toBe(leafOf(first));

    await docker("exec", gate.name, "rm", "/run/gatehouse/fill");
    await docker("exec", gate.name, "gatehouse-keeper", "again");
    await gate.until((now) => now.state === "active" && now.release === next.id);
    expect(await gate.get(root())).toBe(leafOf(next));
    expect(await gate.inspect("{{.State.StartedAt}}")).toBe(started);
    first = next;
  });

  it("waits for a file that is still missing or damaged, then refuses, then takes it when it comes", async () => {
    const next = makeRelease(server, authority);
    const damaged: Record<string, string> = { ...next.files, "server.crt": "-----BEGIN CERT" };
    // The volume still has the client.pem of the release before, which is none of this manifest's.
    delete damaged["client.pem"];
    await gate.deliver({ ...next, files: damaged });
    await gate.until((status) => status.state === "pending");
    expect((await gate.health()).line).toMatch(/^pending: incomplete: .*server\.crt \(not as the manifest says\)/);
    const status = await gate.decided(next);
    expect(status).toMatchObject({ state: "refused", release: first.id });
    expect(status.refused?.reason).toMatch(/^incomplete: (?=.*server\.crt \(not as)(?=.*client\.pem \(not as)/);
    expect(await gate.get(root())).toBe(leafOf(first));
    await gate.deliver(next);
    await gate.until((now) => now.state === "active" && now.release === next.id);
    first = next;
  });

  it("swaps releases that come file by file in any order without a failed request and without a restart", async () => {
    const birth = await gate.inspect("{{.State.StartedAt}} {{.RestartCount}}");
    let running = true;
    const served = new Set<string>();
    const failures: string[] = [];
    let requests = 0;
    const callers = [1, 2, 3].map(async () => {
      while (running) {
        requests += 1;
        await gate.get(root()).then(
          (leaf) => served.add(leaf),
          (error: unknown) => failures.push(String(error)),
        );
      }
    });
    const releases = [makeRelease(server, authority), makeRelease(server, authority)];
    try {
      for (const release of releases) {
        const names = Object.keys(release.files);
        // The manifest in the middle: before it the new files belong to no release, after it some are still old.
        const order = [
          ...names.slice(0, 2),
          "manifest.json",
          ...names.slice(2).filter((name) => name !== "manifest.json"),
        ];
        await gate.deliver(release, order.reverse());
        expect(await gate.decided(release)).toMatchObject({ release: release.id, state: "active" });
        expect(await gate.get(root())).toBe(leafOf(release));
        first = release;
      }
    } finally {
      running = false;
      await Promise.all(callers);
    }
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(20);
    for (const release of releases) expect(served).toContain(leafOf(release));
    expect(await gate.inspect("{{.State.StartedAt}} {{.RestartCount}}")).toBe(birth);
  });

  it("keeps key material out of the log and only the active release in its memory", async () => {
    const logs = await gate.logs();
    expect(logs).not.toContain("-----BEGIN");
    for (const line of first.files["server.key"]?.split("\n").slice(1, -2) ?? []) expect(logs).not.toContain(line);
    expect(await docker("exec", gate.name, "ls", "/run/gatehouse/releases")).toBe(first.id);
    expect(await docker("exec", gate.name, "sh", "-c", "stat -c %a /run/gatehouse/releases/*/server.key")).toBe("600");
  });

  it("ends gracefully when it is asked to", async () => {
    if (server === "haproxy") {
      const held = await gate.hold(root());
      const stopped = docker("stop", "--time", "40", gate.name);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await held.finish()).toBe(204);
      await stopped;
    } else {
      await docker("stop", "--time", "40", gate.name);
    }
    expect(await gate.inspect("{{.State.ExitCode}}")).toBe("0");
    expect(await gate.logs()).toContain('"event":"stopped"');
  });

  it("does not serve bad material at its start, stays up, and recovers with a good release", async () => {
    const fresh = container(server);
    const bad = makeRelease(server, authority, withLeaf({ fromDay: -9, toDay: -2 }));
    await fresh.deliver(bad);
    await fresh.start();
    expect(await fresh.decided(bad)).toMatchObject({ release: null, state: "refused" });
    await expect(fresh.get(root())).rejects.toThrow();
    expect((await fresh.health()).line).toMatch(/has expired/);
    const good = makeRelease(server, authority);
    await fresh.deliver(good);
    expect(await fresh.decided(good)).toMatchObject({ release: good.id, state: "active" });
    expect(await fresh.get(root())).toBe(leafOf(good));
  });

  it("goes back to the release before when the new one passes every check and is not what is then served", async () => {
    const fresh = container(server);
    const good = makeRelease(server, authority);
    await fresh.deliver(good);
    await fresh.start();
    await fresh.decided(good);
    const wrongPlace = makeRelease(server, authority, {
      manifest: { endpoints: [{ address: "127.0.0.1:9999", name: NAME, chain: "server.crt" }] },
    });
    await fresh.deliver(wrongPlace);
    const status = await fresh.decided(wrongPlace);
    expect(status).toMatchObject({ release: good.id, state: "refused" });
    expect(status.refused?.reason).toMatch(/127\.0\.0\.1:9999 shows no certificate/);
    expect(await fresh.get(root())).toBe(leafOf(good));
  });

  it("refuses a configuration that the server cannot start with", async () => {
    const fresh = container(server);
    const good = makeRelease(server, authority);
    await fresh.deliver(good);
    await fresh.start();
    await fresh.decided(good);
    const file = server === "httpd" ? "httpd.conf" : "haproxy.cfg";
    const broken = makeRelease(server, authority, { files: { [file]: `${good.files[file]}\nnonsense here\n` } });
    await fresh.deliver(broken);
    const status = await fresh.decided(broken);
    expect(status).toMatchObject({ release: good.id, state: "refused" });
    expect(status.refused?.reason).toMatch(new RegExp(`^${file.replace(".", "\\.")}: .*nonsense`));
  });

  it("ends with an error when the server dies, so that the engine starts the container anew", async () => {
    const fresh = container(server);
    const good = makeRelease(server, authority);
    await fresh.deliver(good);
    await fresh.start();
    await fresh.decided(good);
    await docker("exec", fresh.name, "bash", "-c", "kill -KILL $(</run/gatehouse/server.pid)");
    expect(Number(await docker("wait", fresh.name))).not.toBe(0);
    expect(await fresh.logs()).toMatch(/"event":"stopped".*ended by itself/);
  });

  it("accepts fresh and complete lists of two authorities, and public certificates that lead to no bundle", async () => {
    const fresh = container(server);
    const site = stranger.leaf({ commonName: "shop", dnsNames: ["shop.localhost"] });
    const users = withUsers(stranger.crl("root") + stranger.crl("intermediate", { revoked: [stranger.leaf().cert] }));
    const release = makeRelease(server, authority, {
      files: {
        ...users.files,
        "crl.pem": authority.crl("root") + authority.crl("intermediate", { revoked: [authority.leaf().cert] }),
        "public-0.crt": site.cert + stranger.intermediate.cert,
        "public-0.key": site.key,
      },
      manifest: {
        ...users.manifest,
        crls: [{ file: "crl.pem" }, ...(users.manifest?.crls as object[])],
        certificates: [
          { chain: "server.crt", key: "server.key", usage: "server", name: NAME },
          { chain: "public-0.crt", key: "public-0.key", usage: "server", name: "shop.localhost", anchored: false },
        ],
      },
    });
    await fresh.deliver(release);
    await fresh.start();
    expect(await fresh.decided(release)).toMatchObject({ state: "active", refused: null });
  });
});

describe("a companion beside a service with its own TLS", () => {
  it("signals the service for a good release, not for a bad one, and sees what it serves", async () => {
    const demoImage = buildImage("demo");
    const pair = container("companion");
    const endpoints = [{ address: "orders:8443", name: NAME, chain: "server.crt" }];
    const first = makeRelease("companion", authority, { manifest: { endpoints } });
    await pair.deliver(first);
    await pair.startWithService(demoImage, "demo-site");
    expect(await pair.decided(first)).toMatchObject({ release: first.id, state: "active" });
    expect(await pair.logs()).not.toContain('"event":"reloading"');

    const bad = makeRelease("companion", authority, { manifest: { endpoints }, ...withLeaf({ fromDay: 2 }) });
    await pair.deliver(bad);
    expect(await pair.decided(bad)).toMatchObject({ release: first.id, state: "refused" });
    expect(await pair.logs()).not.toContain('"event":"reloading"');

    const second = makeRelease("companion", authority, { manifest: { endpoints } });
    await pair.deliver(second);
    expect(await pair.decided(second)).toMatchObject({ release: second.id, state: "active", refused: null });
    expect(await pair.logs()).toContain('"event":"reloading"');
    expect((await pair.health()).ok).toBe(true);
  });
});
