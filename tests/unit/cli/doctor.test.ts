import { createColors } from "picocolors";

import type { StackContainer } from "../../../cli/docker";
import { auditNote } from "../../../cli/doctor/audit";
import { routeFindings } from "../../../cli/doctor/behind";
import { causesOf, explained } from "../../../cli/doctor/cause";
import { health, serviceContainers } from "../../../cli/doctor/containers";
import { hostFindings } from "../../../cli/doctor/entry";
import { FAILURE_IDS, finding, type FailureId } from "../../../cli/doctor/failures";
import { handshakeFindings, letsInWithout, type Call } from "../../../cli/doctor/handshake";
import { hopOf, skipped, type Hop } from "../../../cli/doctor/hop";
import { keeperFindings } from "../../../cli/doctor/keeper";
import { report } from "../../../cli/doctor/report";
import {
  applicationAddress,
  egressPort,
  endpointPort,
  externalTarget,
  hasReload,
  hostRoutes,
} from "../../../cli/doctor/target";
import { readKeeperReason, readNodeCode, readOpenssl } from "../../../cli/doctor/words";
import type { TrustGraph } from "../../../components/trust/graph";
import { publishedAddress } from "../../../cli/docker";
import { makeCertificate } from "../../support/certificates";
import { graph } from "./graph";

describe("every failure", () => {
  it.each(FAILURE_IDS)("%s has a sentence, a fix, and no hole in them", (id) => {
    const { message, fix } = finding(id, {
      whose: "orders",
      by: "gate",
      container: "orders.dev",
      expected: "orders.dev.corp.test",
    });
    expect(message).toMatch(/\w/);
    expect(fix).toMatch(/\w/);
    expect(message + fix).not.toMatch(/undefined/);
  });
});

describe("OpenSSL's words", () => {
  it.each([
    ["AH02276: Certificate Verification: Error (10): certificate has expired [subject: CN=x]", "expired"],
    ["SSL handshake failure: error:0A00045C:SSL routines::tlsv13 alert certificate required", "no-client-certificate"],
    ["SSL handshake failure: error:0A0000C7:SSL routines::peer did not return a certificate", "no-client-certificate"],
    ["AH02411: SSL Proxy: Peer certificate does not match for hostname orders.dev.corp.test", "hostname-mismatch"],
    ["AH02003: x; SSL Library Error: error:0A00010B:SSL routines::wrong version number", "not-tls"],
  ])("as Apache and HAProxy log them: %s", (line, id) => {
    expect(readOpenssl(line)?.id).toBe(id);
  });
  it("carry the number, the words and the date", () => {
    expect(readOpenssl("verify error:num=10:certificate has expired\nnotAfter=Nov 22 06:00:00 2026 GMT\n")).toEqual({
      ...{ id: "expired", side: "callee", seen: "certificate has expired (OpenSSL error 10)" },
      at: "2026-11-22 06:00:00Z",
    });
    const alert =
      "80:error:0A000415:SSL routines:ssl3_read_bytes:sslv3 alert certificate expired:../x.c:1:SSL alert number 45";
    expect(readOpenssl(alert)?.seen).toBe("sslv3 alert certificate expired (SSL alert number 45)");
  });

  it.each([
    ["error 20 at 0 depth lookup: unable to get local issuer certificate", "unable-to-get-local-issuer"],
    ["error 10 at 1 depth lookup: certificate has expired", "expired"],
    ["error 62 at 0 depth lookup: hostname mismatch", "hostname-mismatch"],
    ["error 26 at 0 depth lookup: unsuitable certificate purpose", "wrong-usage"],
    ["error 12 at 0 depth lookup: CRL has expired", "crl-stale"],
    ["error 3 at 0 depth lookup: unable to get certificate CRL", "crl-missing"],
    ["error 23 at 0 depth lookup: certificate revoked", "revoked"],
    ["error 9999 at 0 depth lookup: something new", "unexplained"],
  ])("%s", (line, id) => {
    expect(readOpenssl(`server.crt: verification failed\n${line}\n`)?.id).toBe(id);
  });

  it("are none where all is well", () => {
    expect(readOpenssl("server.crt: OK\n")).toBeUndefined();
  });
});

it.each([
  ["server.crt: certificate 1 (CN=orders) has expired at 2026-11-21 06:00:00Z; renew it", "expired"],
  ["server.crt: certificate 1 (CN=orders) is not yet valid: it begins at 2027", "not-yet-valid"],
  ["server.key: the key does not fit the certificate in server.crt (CN=orders); deliver the pair", "key-mismatch"],
  ["server.key: the private key does not parse", "key-mismatch"],
  ["server.crt: is not for the name orders.dev (its subjectAltName: DNS:site)", "hostname-mismatch"],
  ["server.crt: has the name orders.dev in its common name only; it must be a DNS name", "hostname-mismatch"],
  ["client.pem: certificate 1 is not for client use: its extended key usage lacks clientAuth", "wrong-usage"],
  [
    "server.crt: does not lead to a root in ca-chain.pem (unable to get local issuer certificate, at depth 1)",
    "unable-to-get-local-issuer",
  ],
  ["ca-chain.pem: certificate 1 (CN=x) is no CA certificate (CA:TRUE is missing)", "invalid-authority"],
  ["crl.pem: list 1 (CN=services root g1) has run out at 2026-11-21; sign a new one", "crl-stale"],
  ["crl.pem: list 1 (CN=services root g1) is not yet valid (from 2026-11-23 ...)", "crl-stale"],
  ["crl.pem: would refuse server.crt (CN=orders): CRL signature failure, at depth 0", "crl-invalid"],
  ["users-crl.pem: the list of CN=users intermediate g1 is not signed with its key, so everything ...", "crl-invalid"],
  ["crl.pem: would refuse server.crt (CN=orders): certificate revoked, at depth 0", "revoked"],
  ["crl.pem: list 1 (CN=x) has run out at 2026-11-21; sign a new one", "crl-stale"],
  ["crl.pem: list 2 (CN=x) is not yet valid (from 2027, and it is 2026); is the clock right?", "crl-stale"],
  ["crl.pem: the list of CN=x is older than the one that is served (number 0x1)", "crl-stale"],
  ["crl.pem: would refuse server.crt (CN=x): unable to get certificate CRL, at depth 1", "crl-missing"],
  ["crl.pem: the list of CN=x is not signed with its key, so everything under it would be refused", "crl-invalid"],
  ["crl.pem: would refuse client.pem (CN=x): certificate revoked, at depth 0", "revoked"],
  ["server.crt: certificate 1 (CN=x) has an RSA key of 1024 bits; 2048 is the least", "weak-certificate"],
  ["haproxy.cfg: haproxy refuses this release: unknown keyword", undefined],
])("the keeper's reason %s", (reason, id) => {
  expect(readKeeperReason(reason)).toBe(id);
});

describe("a keeper", () => {
  const status = { release: "aaaa", state: "active", refused: null };
  const ids = (it: Parameters<typeof keeperFindings>[2]): string[] =>
    keeperFindings("orders", "orders.dev", it, "aaaa").map((one) => one.id);

  it("that serves what was delivered is fine", () => expect(ids(status)).toEqual([]));
  it("that serves another release is told", () =>
    expect(ids({ ...status, release: "bbbb" })).toEqual(["release-differs"]));
  it("that waits for files is told", () => expect(ids({ ...status, state: "pending" })).toEqual(["keeper-pending"]));
  it("that does not answer is told", () => expect(ids(undefined)).toEqual(["keeper-silent"]));
  it("that refuses is told with the cause", () => {
    const refused = { release: "cccc", reason: "server.crt: certificate 1 has expired at 2026" };
    expect(ids({ release: "aaaa", state: "refused", refused })).toEqual(["keeper-refused", "expired"]);
  });
});

describe("containers", () => {
  const container = (name: string, role: string, state: object = {}): StackContainer =>
    ({
      name,
      role,
      service: "orders",
      details: {
        State: {
          Running: true,
          Status: "running",
          ExitCode: 0,
          Error: "",
          FinishedAt: "2026-11-22T07:00:00.000Z",
          ...state,
        },
      },
    }) as StackContainer;
  const sidecar = container("orders.dev", "sidecar");
  const app = container("orders.dev.app", "application");
  const ids = (...all: StackContainer[]): string[] =>
    serviceContainers("orders", "sidecar", "orders.dev", all).findings.map((one) => `${one.id}: ${one.message}`);

  it("that are there and run are fine", () => expect(ids(sidecar, app)).toEqual([]));
  it("that are missing are named", () =>
    expect(ids(sidecar)).toEqual(["container-missing: there is no container orders.dev.app"]));
  it("that ended are named with how", () => {
    const ended = ids(container("orders.dev", "sidecar", { Running: false, Status: "exited", ExitCode: 137 }), app);
    expect(ended[0]).toMatch(/^container-down: the container orders.dev does not run \(it ended with exit code 137/);
    const oom = { Running: false, Status: "exited", ExitCode: 137, OOMKilled: true };
    expect(ids(sidecar, container("orders.dev.app", "application", oom))[0]).toContain("out of memory");
  });
  it("that are paused or end again and again are told apart", () => {
    expect(ids(container("orders.dev", "sidecar", { Paused: true }), app)[0]).toMatch(/^container-paused/);
    expect(ids(container("orders.dev", "sidecar", { Restarting: true }), app)[0]).toMatch(/^container-restarting/);
  });
  it("that fail their health check say what it said", () => {
    const Health = { Status: "unhealthy", Log: [{ Output: "down: nothing answers\n" }] };
    expect(health(container("orders.dev", "sidecar", { Health }))[0]?.seen).toBe("down: nothing answers");
    expect(health(sidecar)).toEqual([]);
  });
});

describe("a public host", () => {
  const answer = {
    fingerprint: graph().entry.hosts["shop.localhost"]?.fingerprint ?? "",
    version: "TLSv1.3",
    status: 200,
  };
  const owners = new Map([["10:10", "gate"]]);
  const ids = (it: Parameters<typeof hostFindings>[1]): string[] =>
    hostFindings("shop.localhost", it, graph(), { name: "gate.dev" }, owners, "127.0.0.1:8443").map((one) => one.id);

  it("with its certificate and an answer is fine", () => {
    expect(ids(answer)).toEqual([]);
    expect(ids({ ...answer, status: 404 })).toEqual([]);
  });
  it.each([
    [{ ...answer, fingerprint: "99:99" }, "certificate-differs"],
    [{ ...answer, fingerprint: "10:10" }, "wrong-virtual-host"],
    [{ ...answer, status: 421 }, "wrong-virtual-host"],
    [{ fingerprint: answer.fingerprint, version: "TLSv1.3" }, "no-answer"],
    [{ ...answer, code: "CERT_HAS_EXPIRED", words: "certificate has expired" }, "expired"],
    [{ ...answer, code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", words: "x" }, "unable-to-get-local-issuer"],
    [{ ...answer, code: "ERR_TLS_CERT_ALTNAME_INVALID", words: "x" }, "hostname-mismatch"],
    [{ code: "ECONNREFUSED", words: "connect ECONNREFUSED 127.0.0.1:8443" }, "connection-refused"],
    [{ code: "E_SOMETHING_NEW", words: "?" }, "unexplained"],
  ])("%j is %s", (it, id) => {
    expect(ids(it)).toEqual([id]);
  });
  it("whose requests all go outside is asked for its certificate alone", () => {
    expect(ids({ fingerprint: answer.fingerprint, version: "TLSv1.3", silent: true })).toEqual([]);
  });
  it("that demands certificates of people turns the doctor away, and is fine", () => {
    const refused = { ...answer, code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", words: "alert" };
    expect(ids(refused)).toEqual(["no-client-certificate"]);
    const hosts = { "shop.localhost": { ...graph().entry.hosts["shop.localhost"]!, clientCertificate: "required" } };
    const people = { ...graph(), entry: { ...graph().entry, hosts } } as TrustGraph;
    const found = (it: typeof refused | typeof answer): string[] =>
      hostFindings("shop.localhost", it, people, { name: "gate.dev" }, owners, "x").map((one) => one.id);
    expect(found(refused)).toEqual([]);
    expect(found(answer)).toEqual(["not-enforced"]);
  });
  it("knows Node's codes", () => expect(readNodeCode("DEPTH_ZERO_SELF_SIGNED_CERT")).toBe("self-signed"));
});

describe("a callee that refuses after the handshake", () => {
  const call: Call = {
    from: "gate",
    to: "orders",
    host: "orders",
    port: 1,
    protocol: "http",
    enforcement: "strict",
    bundle: "ca",
    client: true,
  };
  const { certificate } = makeCertificate({ commonName: "orders", extensions: [] });
  const seen = (end: string, it: Partial<Call> = {}): string[] => {
    return handshakeFindings(
      { ...call, ...it },
      `${certificate}\nVerification: OK\nRequested Signature Algorithms: x\n${end}\nexit=0`,
      new Map(),
    ).findings.map((one) => one.id);
  };
  it.each([
    ["HTTP/1.1 204 No Content", {}, []],
    ["HTTP/1.1 403 Forbidden", {}, ["caller-refused"]],
    ["HTTP/1.1 400 Bad Request", {}, ["caller-refused"]],
    ["", {}, ["caller-refused"]],
    ["closed", { protocol: "tcp" as const }, ["caller-refused"]],
    ["DONE", { protocol: "tcp" as const }, []],
  ])("%j", (end, it, ids) => {
    expect(seen(end, it)).toEqual(ids);
  });
});

it("a strict callee that takes a call without a client certificate is told by what it answered", () => {
  const call: Call = {
    ...{ from: "gate", to: "orders", host: "orders", port: 1, bundle: "ca", client: false },
    ...{ protocol: "http", enforcement: "strict" },
  };
  const said = (end: string, it: Partial<Call> = {}): string | undefined =>
    letsInWithout({ ...call, ...it }, `Verification: OK\n${end}\nexit=0`);
  expect(said("HTTP/1.1 204 No Content")).toBe("status 204 without a client certificate");
  expect(said("DONE", { protocol: "tcp" })).toMatch(/was accepted/);
  for (const refused of ["HTTP/1.1 403 Forbidden", "HTTP/1.1 496 SSL Certificate Required", "x:SSL alert number 116"])
    expect(said(refused)).toBeUndefined();
  expect(said("closed", { protocol: "tcp" })).toBeUndefined();
  // Where a refusal belongs into the handshake, what comes after one is none.
  expect(letsInWithout({ ...call, protocol: "tcp" }, "Verification: OK\nclosed\nexit=0", true)).toMatch(/was accepted/);
  // What fails before it says anything was not let in.
  expect(letsInWithout(call, "Connection refused\nexit=1")).toBeUndefined();
});

describe("where a caller's configuration leads", () => {
  it("a sidecar's own port for its calls", () => {
    const text =
      "frontend in\n    bind x:8443\n\nfrontend out-80\n    use_backend out-bank if { x }\n    use_backend out-stock if { y }\n\nbackend out-stock\n";
    expect(egressPort(text, "stock")).toBe(80);
    expect(egressPort(text, "sto")).toBeUndefined();
  });
  it("a public host's paths, one for each service behind it", () => {
    const text =
      '<VirtualHost *:${HTTPS}>\n    ServerName other.localhost\n    <Location "/">\n        SetEnv gatehouse_to echo\n</VirtualHost>\n</VirtualHost>\n<VirtualHost *:${HTTP}>\n    ServerName shop.localhost\n</VirtualHost>\n<VirtualHost *:${HTTPS}>\n    ServerName shop.localhost\n    <Location "/">\n        <RequireAll>\n    <Location "/">\n        SetEnv gatehouse_to site\n    <Location "/api">\n        SetEnv gatehouse_to orders\n    <Location "/more">\n        SetEnv gatehouse_to orders\n';
    expect(hostRoutes(text, "shop.localhost")).toEqual([
      { path: "/", to: "site" },
      { path: "/api", to: "orders" },
    ]);
    expect(hostRoutes(text, "nowhere.localhost")).toEqual([]);
  });
  it("whether a service with its own TLS needs a companion", () => {
    expect(hasReload('{"reload":{"signal":"HUP"}}')).toBe(true);
    expect(hasReload("{}")).toBe(false);
    expect(hasReload("")).toBe(false);
  });
  it("a sidecar's call outside", () => {
    const text =
      "backend out-store\n    server callee a:1 ssl ca-file x crt client.pem\n\nbackend out-bank\n    mode http\n    server callee bank.example:443 ssl verify required ca-file external-bank.pem sni str(bank.example)\n";
    expect(externalTarget(text, "bank")).toEqual({
      host: "bank.example",
      port: 443,
      bundle: "external-bank.pem",
      client: false,
    });
    expect(externalTarget(text, "nobody")).toBeUndefined();
  });
  it("a route of the entry outside", () => {
    const text = `<Proxy "https://bank.example:443">\n    SSLProxyCACertificateFile "\${RELEASE}/external-bank.pem"\n    SSLProxyMachineCertificateFile "\${RELEASE}/client.pem"\n</Proxy>\n<Location "/pay">\n    SetEnv gatehouse_to bank\n    ProxyPass "https://bank.example:443/pay"\n`;
    expect(externalTarget(text, "bank")).toEqual({
      host: "bank.example",
      port: 443,
      bundle: "external-bank.pem",
      client: true,
    });
  });
  it("the application in the cell, and the port of a service with its own TLS", () => {
    expect(applicationAddress("backend application\n    server application app.cell:8000\n")).toEqual({
      host: "app.cell",
      port: 8000,
    });
    expect(endpointPort('{"endpoints":[{"address":"site.dev.corp.test:9443"}]}')).toBe(9443);
    expect(endpointPort("")).toBeUndefined();
  });
  it("published ports are reached where the engine is", () => {
    expect(publishedAddress("0.0.0.0", undefined)).toBe("127.0.0.1");
    expect(publishedAddress("192.0.2.1", "unix:///var/run/docker.sock")).toBe("192.0.2.1");
    expect(publishedAddress("0.0.0.0", "ssh://me@build.example")).toBe("build.example");
    expect(publishedAddress("127.0.0.1", "tcp://[2001:db8::1]:2376")).toBe("2001:db8::1");
  });
});

describe("what the entry says about a service behind a host", () => {
  const found = (lines: readonly string[], status: number): { id: string; seen?: string; blames: string }[] =>
    routeFindings(
      { graph: graph(), places: new Map() },
      "shop.localhost",
      { path: "/api", to: "orders", status },
      lines,
    ).map(({ id, seen, blames }) => ({ id, seen: seen ?? "", blames }));
  // As Apache writes them: not every line names the callee.
  const stamp = "[Sun Nov 22 10:11:25.356089 2026] [ssl:info]";
  const mine = `${stamp} [pid 261:tid 319]`;
  const other = `${stamp} [pid 261:tid 320]`;

  it("is told by Apache's words, and those about others are not", () => {
    const lines = [
      `${mine} [remote 10.2.9.2:8443] AH02003: SSL Proxy connect failed`,
      `${mine} SSL Library Error: error:0A00010B:SSL routines::wrong version number`,
      `${mine} (20014)Internal error (specific information not available): [client 10.2.83.145:52712] AH01084: pass request body failed to 10.2.9.2:8443 (orders.dev.corp.test)`,
      `${other} [remote 10.2.9.3:8443] AH02411: SSL Proxy: Peer certificate does not match for hostname site.dev.corp.test`,
      "{}",
    ];
    const seen = "status 500; AH02003: SSL Proxy connect failed; SSL Library Error: error:0A00010B:SSL routines::wrong version number"; // prettier-ignore
    expect(found(lines, 500)).toEqual([{ id: "entry-cannot-reach", seen, blames: "orders" }]);
  });
  it("keeps the reason of the system", () => {
    const lines = [`${mine} (111)Connection refused: AH00957: https: attempt to connect to 10.2.9.2:8443 (orders.dev.corp.test:8443) failed`]; // prettier-ignore
    expect(found(lines, 503)[0]?.seen).toMatch(/^status 503; Connection refused: AH00957: https: attempt/);
  });
  it("tells a service that cannot be reached from one whose application answers so", () => {
    expect(found([], 503)).toEqual([{ id: "application-fails", seen: "status 503", blames: "orders" }]);
    // Many applications say 400, 500 or 501 to a HEAD.
    for (const status of [400, 500, 501]) expect(found([`${mine} [remote 10.2.9.2:8443] AH01964: x (orders.dev.corp.test)`], status)).toEqual([]); // prettier-ignore
  });
  it("blames the entry that shows no certificate, not the service that demands one", () => {
    const lines = [
      `${mine} [remote 10.2.9.2:8443] AH01964: Connection to child 0 established (orders.dev.corp.test)`,
      `${mine} AH02268: Proxy client certificate callback: (shop.localhost:443) downstream server wanted client certificate but none are configured`,
    ];
    for (const status of [400, 502])
      expect(found(lines, status)).toMatchObject([{ id: "no-client-certificate", blames: "gate" }]);
  });
});

describe("the cause comes first:", () => {
  const failing = (kind: "service" | "edge" | "host", about: string, id: FailureId, blames: string): Hop =>
    hopOf(kind, about, "", [finding(id, { whose: blames, by: "x" })]);
  const causes = (...hops: Hop[]): Record<string, readonly string[]> =>
    Object.fromEntries(explained(hops, "gate").map((it) => [it.about, it.because]));

  it("a service explains its callers' failures and the public host's", () => {
    const all = [
      failing("host", "https://shop.localhost/", "entry-cannot-reach", "orders"),
      failing("edge", "gate -> orders", "expired", "orders"),
      failing("service", "orders", "expired", "orders"),
      failing("edge", "orders -> bank", "tls-version", "bank"),
    ];
    expect(causes(...all)).toEqual({
      orders: [],
      "gate -> orders": ["orders"],
      "orders -> bank": [],
      "https://shop.localhost/": ["orders"],
    });
    expect(causesOf(explained(all, "gate"))).toEqual(["orders", "orders -> bank"]);
  });
  it("a caller with a bad certificate explains what its callees say about it", () => {
    const edge = hopOf("edge", "orders -> store", "", [finding("expired", { whose: "orders (client)", by: "store" })]);
    expect(causes(failing("service", "orders", "expired", "orders"), edge)["orders -> store"]).toEqual(["orders"]);
  });
  it("of two calls that see one fault of one callee the first tells it", () => {
    const first = failing("edge", "gate -> site", "tls-version", "site");
    const second = failing("edge", "orders -> site", "tls-version", "site");
    expect(causes(first, second)).toEqual({ "gate -> site": [], "orders -> site": ["gate -> site"] });
  });
  it("a call of the entry explains the host that it serves, and no other", () => {
    const edge = failing("edge", "gate -> orders", "path-broken", "gate");
    const mine = failing("host", "https://shop.localhost/", "entry-cannot-reach", "orders");
    const other = failing("host", "https://echo.localhost/", "expired", "echo.localhost");
    expect(causes(edge, mine, other)).toEqual({
      "gate -> orders": [],
      "https://shop.localhost/": ["gate -> orders"],
      "https://echo.localhost/": [],
    });
  });
});

it("an edge in audit is noted with the calls that strict would refuse, and no other edge is", () => {
  const offender = { caller: "gate", reason: "none-sent", calls: 2, last: "2026-11-22T12:00:00Z" } as const;
  const edge = { edge: "gate->orders", enforcement: "audit", without: 3, offenders: [offender, { ...offender, reason: "expired" }] } as const; // prettier-ignore
  expect(auditNote(edge)).toBe(
    '3 calls would be refused in strict (its certificate has expired, no client certificate): gatehouse audit --edge "gate->orders"',
  );
  expect(auditNote({ ...edge, without: 0 })).toBeUndefined();
  expect(auditNote({ ...edge, enforcement: "strict" })).toBeUndefined();
});

describe("an application that answers 503 by itself", () => {
  const host = hopOf("host", "https://shop.localhost/", "TLS 1.3", [
    finding("application-fails", { whose: "orders", by: "gate", detail: "status 503 for /" }),
  ]);
  const fine = hopOf("edge", "orders -> store", "TLS 1.3", []);
  it("is noted, and no failure, where nothing of ours explains it", () => {
    const [, shown] = explained([host, fine], "gate");
    expect(shown).toMatchObject({ state: "works", findings: [] });
    expect(shown?.warnings).toEqual(["the application behind orders answers status 503 for /; the way to it works"]);
  });
  it("fails because of a service that it calls in turn", () => {
    const store = hopOf("service", "store", "", [finding("container-down", { whose: "store" })]);
    const shown = explained([host, store, skipped("edge", "orders -> store", "store does not run")], "gate").at(-1);
    expect(shown).toMatchObject({ state: "fails", because: ["store"] });
  });
});

it("the report says first what is wrong with its fix, then each hop on a line, and a sum", () => {
  const hops = [
    hopOf("service", "orders", "", [
      finding("expired", { whose: "orders (server)", detail: "2026-11-22 06:00:00Z", seen: "certificate has expired (OpenSSL error 10)" }), // prettier-ignore
    ]),
    hopOf("service", "site", "does its own TLS", [], ["the server certificate ends in 2 days"]),
    hopOf("edge", "gate -> orders", "", [finding("expired", { whose: "orders", by: "gate" })]),
    skipped("edge", "orders -> store", "store does not run"),
  ];
  const all = explained(hops, "gate");
  const stack = { environment: "dev", domain: "corp.test", phase: "services" };
  const diagnosis = { ...stack, healthy: false, causes: causesOf(all), hops: all };
  expect(report(diagnosis, createColors(false))).toMatchInlineSnapshot(`
   "Doctor dev.corp.test, phase services

   What is wrong
     orders: expired
         the certificate of orders (server) has expired (at 2026-11-22 06:00:00Z).
         seen: certificate has expired (OpenSSL error 10)
         fix: gatehouse up, which renews it; then see why no update ran in time
              (gatehouse:authority.updateInterval), and that the clocks are right

   Services
     ✗ orders           expired
     ✓ site             does its own TLS
         note: the server certificate ends in 2 days

   Edges
     ✗ gate -> orders   expired, follows from orders
     - orders -> store  not asked: store does not run

   1 of 4 hops work, 2 do not, 1 could not be asked. Begin with orders."
  `);
});
