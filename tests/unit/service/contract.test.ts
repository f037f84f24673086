import { contractFiles } from "../../../components/service/contract/files";
import { renderHttpd } from "../../../components/proxy/httpd/render";
import { ENTRY_HEADERS, type ContractModel } from "../../../components/service/contract/model";
import { contractEnforcement, type Enforcement } from "../../../components/trust/enforcement";

const GATE = "gate.dev.corp.test";
const BILLING = "billing.dev.corp.test";
const model = (enforcement: Enforcement, change: Partial<ContractModel> = {}): ContractModel => ({
  full: "site.dev.corp.test",
  callers: [
    { full: GATE, enforcement },
    { full: BILLING, enforcement },
  ],
  entry: GATE,
  ...change,
});
const file = (name: string, it: ContractModel): string => contractFiles(it)[name] ?? "";

describe("the contract of a service with its own TLS", () => {
  it("is, for nginx and Apache, exactly this where it is strict", () => {
    expect(contractFiles(model("strict", { crl: "crl.pem" }))).toMatchSnapshot();
  });

  it("goes by the weakest edge: the server asks before it knows who calls", () => {
    const of = (...all: Enforcement[]): Enforcement =>
      contractEnforcement(all.map((enforcement, index) => ({ full: `s${index}`, enforcement })));
    expect([of("strict", "audit"), of("audit", "off"), of("strict", "off"), of("strict", "strict")]).toEqual([
      "audit",
      "off",
      "off",
      "strict",
    ]);
  });

  it("lets nobody in while nobody may call", () => {
    const nobody = model("strict", { callers: [], entry: undefined });
    expect(contractEnforcement([])).toBe("strict");
    expect(file("callers.txt", nobody)).toBe("");
    expect(file("mtls.nginx.conf", nobody)).toContain("set $gatehouse_permitted 0;\nif ($gatehouse_permitted = 0)");
    expect(file("mtls.apache.conf", nobody)).toContain('<If "true">\n  Require all denied');
  });

  it.each([
    ["off", "off", "none"],
    ["audit", "optional_no_ca", "optional_no_ca"],
    ["strict", "on", "require"],
  ] as const)("follows the graph: %s", (enforcement, nginx, apache) => {
    expect(file("mtls.nginx.conf", model(enforcement))).toContain(`ssl_verify_client ${nginx};`);
    expect(file("mtls.apache.conf", model(enforcement))).toContain(`SSLVerifyClient ${apache}\n`);
    expect(JSON.parse(file("mtls.json", model(enforcement)))).toMatchObject({ enforcement });
  });

  it("lets a bad certificate pass in audit, and never otherwise", () => {
    for (const enforcement of ["off", "audit", "strict"] as const)
      expect([enforcement, /^error_page 495/m.test(file("audit.nginx.conf", model(enforcement)))]).toEqual([
        enforcement,
        enforcement === "audit",
      ]);
  });

  it("names a list of revoked certificates where certificates are asked for", () => {
    for (const enforcement of ["audit", "strict"] as const) {
      expect(file("mtls.nginx.conf", model(enforcement, { crl: "crl.pem" }))).toContain("ssl_crl /trust/crl.pem;");
      expect(file("mtls.apache.conf", model(enforcement, { crl: "crl.pem" }))).toContain(
        'SSLCARevocationFile "/trust/crl.pem"',
      );
    }
    expect(Object.values(contractFiles(model("off", { crl: "crl.pem" }))).join("")).not.toMatch(/ssl_crl|Revocation/);
    expect(Object.values(contractFiles(model("strict"))).join("")).not.toMatch(/crl|Revocation/);
  });

  it("believes nobody about users where the entry is no caller", () => {
    const alone = model("strict", { entry: undefined });
    expect(file("mtls.nginx.conf", alone)).not.toContain("$http_x_gatehouse_user");
    expect(file("identity.apache.conf", alone)).toContain("RequestHeader unset X-Gatehouse-User\n");
  });

  it("knows every header by which the entry speaks of the public side", () => {
    const entry = renderHttpd({
      ...{ name: "gate", full: GATE, publicHttpsPort: 443, maxBody: 1 },
      hsts: { maxAge: 1, includeSubDomains: false },
      hosts: [
        {
          ...{ host: "shop.test", chain: "public-0.crt", key: "public-0.key", routes: [] },
          clients: { mode: "required", bundle: "users-ca.pem", organization: "dev.corp.test" },
        },
      ],
      upstreams: [],
    });
    const said = [...entry.matchAll(/RequestHeader set (X-Gatehouse-[\w-]+)/g)].map((found) => found[1] ?? "");
    expect([...new Set(said)].sort()).toEqual([...ENTRY_HEADERS]);
  });

  it("has no parameter that is too long for nginx, however many callers there are", () => {
    const callers = Array.from({ length: 500 }, (_, index) => ({
      full: `a-service-with-a-long-name-${index}.production.corp.example`,
      enforcement: "strict" as const,
    }));
    const lines = file("mtls.nginx.conf", model("strict", { callers })).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(4096);
  });

  it("is plain text for everybody else: a full name a line", () => {
    expect(file("callers.txt", model("strict"))).toBe(`${BILLING}\n${GATE}\n`);
  });
});
