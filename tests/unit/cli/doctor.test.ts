import { createColors } from "picocolors";

import type { StackContainer } from "../../../cli/docker";
import { health, serviceContainers } from "../../../cli/doctor/containers";
import { hostFindings } from "../../../cli/doctor/entry";
import { FAILURE_IDS, finding } from "../../../cli/doctor/failures";
import { handshakeFindings, type Call } from "../../../cli/doctor/handshake";
import { hopOf, skipped } from "../../../cli/doctor/hop";
import { keeperFindings } from "../../../cli/doctor/keeper";
import { report } from "../../../cli/doctor/report";
import { applicationAddress, endpointPort, externalTarget } from "../../../cli/doctor/target";
import { readKeeperReason, readNodeCode, readOpenssl } from "../../../cli/doctor/words";
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
    expect(health(container("orders.dev", "sidecar", { Health }))[0]?.message).toContain("down: nothing answers");
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
    [{ ...answer, status: 503 }, "entry-cannot-reach"],
    [{ ...answer, code: "CERT_HAS_EXPIRED", words: "certificate has expired" }, "expired"],
    [{ ...answer, code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", words: "x" }, "unable-to-get-local-issuer"],
    [{ ...answer, code: "ERR_TLS_CERT_ALTNAME_INVALID", words: "x" }, "hostname-mismatch"],
    [{ code: "ECONNREFUSED", words: "connect ECONNREFUSED 127.0.0.1:8443" }, "connection-refused"],
    [{ code: "E_SOMETHING_NEW", words: "?" }, "unexplained"],
  ])("%j is %s", (it, id) => {
    expect(ids(it)).toEqual([id]);
  });
  it("that demands certificates of people turns the doctor away, and is fine", () => {
    const refused = { ...answer, code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", words: "alert" };
    expect(ids(refused)).toEqual(["no-client-certificate"]);
    const authorities = { ...graph().authorities, users: graph().authorities.services! };
    const withUsers = { ...graph(), authorities };
    expect(hostFindings("shop.localhost", refused, withUsers, { name: "gate.dev" }, owners, "x")).toEqual([]);
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

describe("where a caller's configuration leads", () => {
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

it("the report says each hop on a line, what fails with its fix, and a sum", () => {
  const diagnosis = {
    environment: "dev",
    domain: "corp.test",
    phase: "services",
    healthy: false,
    hops: [
      hopOf("service", "orders", "sidecar serves release aa", [], ["the server certificate ends in 2 days"]),
      hopOf("edge", "gate -> orders", "", [finding("expired", { whose: "orders", by: "gate" })]),
      skipped("edge", "orders -> store", "store does not run"),
    ],
  };
  expect(report(diagnosis, createColors(false))).toMatchInlineSnapshot(`
   "Doctor dev.corp.test, phase services

   Services
     ✓ orders           sidecar serves release aa
         note: the server certificate ends in 2 days

   Edges
     ✗ gate -> orders   expired
         gate finds: the certificate of orders has expired.
         fix: run gatehouse up, which renews it; then look at why no update ran in time, and at the clocks
     - orders -> store  not asked: store does not run

   1 of 3 hops work, 1 does not, 1 could not be asked."
  `);
});
