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
    expect(text).toContain("deny deny_status 403 if { ssl_c_s_dn(CN) -m str gate.dev.corp.test } !{ ssl_c_verify 0 }");
    expect(text).not.toContain("deny deny_status 403 unless");
  });

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
