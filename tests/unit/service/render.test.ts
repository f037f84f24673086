import type { SidecarCall, SidecarModel } from "../../../components/service/haproxy/model";
import { renderSidecar } from "../../../components/service/haproxy/render";
import type { CallerRule } from "../../../components/trust/enforcement";

const call = (name: string, change: Partial<SidecarCall> = {}): SidecarCall => ({
  aliases: [name, `${name}.dev`],
  protocol: "http",
  localPort: 80,
  host: `${name}.dev.corp.test`,
  port: 8443,
  bundle: "ca-chain.pem",
  clientCertificate: true,
  rewriteHost: false,
  ...change,
});
const model: SidecarModel = {
  name: "orders",
  full: "orders.dev.corp.test",
  protocol: "http",
  appPort: 8000,
  callers: [
    { full: "gate.dev.corp.test", enforcement: "strict" },
    { full: "billing.dev.corp.test", enforcement: "strict" },
  ],
  entry: "gate.dev.corp.test",
  publicHost: false,
  calls: [call("inventory"), call("store", { protocol: "tcp", localPort: 6379 })],
  idleTimeoutSeconds: 3600,
};
const AUDITED: readonly CallerRule[] = [{ full: "gate.dev.corp.test", enforcement: "audit" }];
const withCallers = (...callers: CallerRule[]): string => renderSidecar({ ...model, callers });
const bindLine = (text: string): string => /bind orders\.dev.*/.exec(text)?.[0] ?? "";

describe("a sidecar's configuration", () => {
  it("is exactly this for an HTTP service", () => {
    expect(renderSidecar(model)).toMatchSnapshot();
  });

  it("is exactly this for a TCP service", () => {
    expect(renderSidecar({ ...model, protocol: "tcp", appPort: 6379, calls: [] })).toMatchSnapshot();
  });

  it("takes calls from its cell only, and callers on its own edge network only", () => {
    const binds = renderSidecar(model).match(/bind \S+/g);
    expect(binds).toEqual(["bind orders.dev.corp.test:8443", "bind sidecar.cell:80", "bind sidecar.cell:6379"]);
  });

  it("verifies every callee by chain and name", () => {
    const servers = renderSidecar(model).match(/server callee .*/g) ?? [];
    expect(servers).toHaveLength(2);
    for (const server of servers)
      expect(server).toMatch(/ verify required ca-file \S+ crt client\.pem sni str\((\S+)\) verifyhost \1/);
  });

  it("keeps no connection to a callee whose server closes at will", () => {
    expect(renderSidecar(model)).not.toContain("http-server-close");
    const text = renderSidecar({ ...model, calls: [call("site", { closesAtWill: true }), call("inventory")] });
    const backend = (name: string): string => text.split(`\nbackend out-${name}\n`)[1]?.split("\n\n")[0] ?? "";
    expect(backend("site")).toContain("option http-server-close");
    expect(backend("site")).not.toContain("http-reuse");
    expect(backend("inventory").split("\nbackend")[0]).toMatch(/http-reuse always(?![^]*http-server-close)/);
  });

  it("refuses in the handshake when every edge is strict, and everybody who is not named afterwards", () => {
    const text = renderSidecar(model);
    expect(bindLine(text)).toContain("verify required");
    expect(text).toContain(
      "http-request deny deny_status 403 unless { var(sess.caller) -m str billing.dev.corp.test gate.dev.corp.test }",
    );
  });

  it("refuses everybody while nobody may call", () => {
    const text = withCallers();
    expect(bindLine(text)).toContain("verify required");
    expect(text).toContain("http-request deny deny_status 403\n");
  });

  it("lets everybody pass and names the result when one edge is in audit", () => {
    const text = withCallers(
      { full: "gate.dev.corp.test", enforcement: "strict" },
      { full: "billing.dev.corp.test", enforcement: "audit" },
    );
    expect(bindLine(text)).toContain("verify optional crt-ignore-err all ca-ignore-err all");
    expect(text).toContain(
      "deny deny_status 403 if { ssl_c_s_dn(CN) -m str gate.dev.corp.test } !{ var(sess.caller) -m found }",
    );
    expect(text).not.toContain("deny deny_status 403 unless");
  });

  it.each(["http", "tcp"] as const)("accepts an %s caller only when no check of its whole chain failed", (protocol) => {
    const text = renderSidecar({ ...model, protocol, callers: AUDITED });
    expect(text).toContain(
      "set-var(sess.caller) ssl_c_s_dn(CN) if { ssl_c_used } { ssl_c_verify 0 } { ssl_c_err 0 } { ssl_c_ca_err 0 }",
    );
    expect(text.match(/\{ ssl_c_verify 0 \}/g)).toHaveLength(1);
  });

  it("logs a TCP session in audit when it begins, without what is not known then", () => {
    const tcp = (callers: readonly CallerRule[]): string =>
      renderSidecar({ ...model, protocol: "tcp", calls: [], callers });
    const line = (text: string): string => /^ *log-format .*"direction":"in".*$/m.exec(text)?.[0] ?? "";
    expect(tcp(AUDITED)).toContain("option logasap\n");
    expect(line(tcp(AUDITED))).toMatch(/"asks":"optional".*"end":"%ts"/);
    expect(line(tcp(AUDITED))).not.toMatch(/%Tt|%B/);
    expect(tcp(model.callers)).not.toContain("logasap");
    expect(line(tcp(model.callers))).toMatch(/"asks":"required".*%Tt.*%B/);
  });

  it.each([
    ["http", "http-request deny deny_status 403 if { ssl_fc_alpn gatehouse-proof }"],
    ["tcp", "tcp-request content reject if { ssl_fc_alpn gatehouse-proof }"],
  ] as const)(
    "lets no connection of the proof reach an %s application, whatever it asks of callers",
    (protocol, rule) => {
      for (const enforcement of ["off", "audit", "strict"] as const) {
        const text = renderSidecar({ ...model, protocol, callers: [{ full: "gate.dev.corp.test", enforcement }] });
        expect(bindLine(text)).toMatch(
          protocol === "http" ? / alpn gatehouse-proof,http\/1\.1/ : / alpn gatehouse-proof( |$)/,
        );
        expect(text).toContain(rule);
        // Behind the admission: what the proof learns is what callers meet.
        expect(text.indexOf(rule)).toBeGreaterThan(text.indexOf("set-var(sess.caller)"));
      }
    },
  );

  it("asks for no client certificate when every edge is off", () => {
    expect(bindLine(withCallers({ full: "gate.dev.corp.test", enforcement: "off" }))).not.toContain("verify");
  });

  it("believes nobody but the verified entry about the entry's headers and the public host", () => {
    const text = renderSidecar({ ...model, publicHost: true });
    expect(text).toContain("http-request del-header ^x[-_]gatehouse[-_]caller -m reg\n");
    expect(text).toContain(
      "del-header ^x[-_]gatehouse[-_] -m reg unless { var(sess.caller) -m str gate.dev.corp.test }",
    );
    expect(text).toMatch(/set-header Host .* if \{ var\(sess\.caller\) -m str gate\.dev\.corp\.test \}/);
    expect(renderSidecar({ ...model, entry: undefined, publicHost: true })).not.toContain("set-header Host");
  });

  it("shows an outside server its own host name and no certificate of ours unless it wants one", () => {
    const text = renderSidecar({
      ...model,
      calls: [call("payments", { host: "pay.example.org", port: 443, clientCertificate: false, rewriteHost: true })],
    });
    expect(text).toContain("http-request set-header Host pay.example.org");
    expect(/server callee .*/.exec(text)?.[0]).not.toContain("crt ");
  });

  describe("while something is revoked", () => {
    const crl = "crl.pem";
    const calls = [call("inventory", { crl }), call("payments", { bundle: "external-payments.pem" })];
    const text = (enforcement: CallerRule["enforcement"]): string =>
      renderSidecar({ ...model, crl, calls, callers: [{ full: "gate.dev.corp.test", enforcement }] });

    it("checks callers, and lets a revoked one pass with its code in audit alone", () => {
      expect(bindLine(text("strict"))).toContain("ca-file ca-chain.pem crl-file crl.pem verify required");
      expect(bindLine(text("audit"))).toContain(
        "ca-file ca-chain.pem crl-file crl.pem verify optional crt-ignore-err all ca-ignore-err all",
      );
      expect(bindLine(text("off"))).not.toContain("crl-file");
    });

    it("checks the callees of the stack, and no outside server: its authority's lists are not ours", () => {
      const servers = text("strict").match(/server callee .*/g);
      expect(servers?.[0]).toContain("verify required ca-file ca-chain.pem crl-file crl.pem crt client.pem");
      expect(servers?.[1]).toContain("ca-file external-payments.pem crt");
      expect(servers?.[1]).not.toContain("crl-file");
    });
  });

  it("checks no list while nothing is revoked: no list can lock anybody out then", () => {
    expect(renderSidecar(model)).not.toContain("crl");
  });
});
