import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { parse as parseYaml } from "yaml";

import { filesUnder } from "../../../stacks/config";
import { CA_EXTENSIONS, makeCertificate, makeHierarchy } from "../../support/certificates";
import { good, memoryFiles, parse, problems, put, type Raw } from "./support";

const ROOT = join(__dirname, "../../..");
const now = new Date();
const ours = makeHierarchy("ours");
const other = makeHierarchy("other");
// Long enough for the leaves of the production example.
const issuing = makeCertificate({ commonName: "issuing", extensions: CA_EXTENSIONS, issuer: ours.root, days: 400 });
const shop = other.leaf({ extensions: ["subjectAltName=DNS:shop.corp.example,DNS:shop.localhost"] });

/** The keys of our namespace in a committed Pulumi.<stack>.yaml. */
function committed(stack: string): Raw {
  const file = parseYaml(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as { config: Raw };
  const ourKeys = Object.entries(file.config).filter(([key]) => key.startsWith("gatehouse:"));
  return Object.fromEntries(ourKeys.map(([key, value]) => [key.replace("gatehouse:", ""), value]));
}

describe("the stack dev", () => {
  it("is valid as it is committed, and there is nothing to warn of", () => {
    const config = parse(committed("dev"), { files: filesUnder(ROOT), now });
    expect(config.warnings).toEqual([]);
    expect(config.edges.map((edge) => `${edge.from}->${edge.to} ${edge.enforcement}`)).toEqual([
      "gate->echo strict",
      "gate->orders strict",
      "gate->site strict",
      "orders->inventory strict",
      "orders->store strict",
    ]);
  });
});

describe("the stack prod", () => {
  const secrets = { authorityKey: issuing.key, paymentToken: "made up" };
  const context = { stack: "prod", secretKeys: new Set(Object.keys(secrets)), now };
  const files: Readonly<Record<string, string>> = {
    "secrets-of-yours/root.pem": ours.root.certificate,
    "secrets-of-yours/issuing-authority.pem": issuing.certificate,
    "secrets-of-yours/shop.pem": shop.certificate + other.intermediate.certificate,
    "secrets-of-yours/shop.key": shop.key,
    "secrets-of-yours/bank-ca.pem": other.root.certificate,
  };

  it("lacks exactly the files and keys that only its owner has", () => {
    const found = problems(committed("prod"), { ...context, secretKeys: new Set(), files: filesUnder(ROOT) });
    expect(found.map((line) => line.split(" | ")[0])).toEqual([
      'gatehouse:authority.existing.certificateFile = "secrets-of-yours/issuing-authority.pem"',
      'gatehouse:authority.existing.keySecret = "authorityKey"',
      'gatehouse:authority.existing.rootFile = "secrets-of-yours/root.pem"',
      'gatehouse:external.payments.caFile = "secrets-of-yours/bank-ca.pem"',
      'gatehouse:proxy.certificate.certificateFile = "secrets-of-yours/shop.pem"',
      'gatehouse:proxy.certificate.keyFile = "secrets-of-yours/shop.key"',
      'gatehouse:secrets.payment-token.config = "paymentToken"',
    ]);
  });

  it("is valid, and there is nothing to warn of, once they are there", () => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-config-"));
    try {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
      }
      const config = parse({ ...committed("prod"), ...secrets }, { ...context, files: filesUnder(folder) });
      expect(config.warnings).toEqual([]);
      expect(config.production).toBe(true);
      expect(config.edges.find((edge) => edge.to === "payments")).toEqual({
        from: "orders",
        to: "payments",
        kind: "service",
        protocol: "http",
        port: 443,
        enforcement: "strict",
        external: true,
      });
      expect(config.networks.find((network) => network.kind === "external")?.name).toBe("payments.egress");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const judged = (replaced: Readonly<Record<string, string>>, raw: Raw = {}): string[] =>
    problems(
      { ...committed("prod"), ...secrets, ...raw },
      { ...context, files: memoryFiles({ ...files, ...replaced }) },
    );
  const expired = makeCertificate({
    commonName: "old",
    extensions: CA_EXTENSIONS,
    issuer: ours.root,
    days: -1,
    notBefore: "20200101000000Z",
  });
  const short = makeCertificate({ commonName: "short", extensions: CA_EXTENSIONS, issuer: ours.root, days: 20 });
  const noAuthority = ours.leaf({});

  it.each<[string, Readonly<Record<string, string>>, Raw, RegExp]>([
    [
      "a key of another certificate",
      {},
      { authorityKey: shop.key },
      /existing\.keySecret = \[secret\] \| the key belongs to/,
    ],
    ["a key that is none", {}, { authorityKey: "hunter2" }, /existing\.keySecret = \[secret\] \| the key belongs to/],
    [
      "an issuing certificate under another root",
      { "root.pem": other.root.certificate },
      {},
      /existing\.certificateFile = .* issued by/,
    ],
    ["a root that is none", { "root.pem": issuing.certificate }, {}, /existing\.rootFile = .* self-signed/],
    [
      "an issuing certificate that has ended",
      { "issuing-authority.pem": expired.certificate },
      { authorityKey: expired.key },
      /existing\.certificateFile = .* valid now/,
    ],
    [
      "an issuing certificate that ends before its leaves",
      { "issuing-authority.pem": short.certificate },
      { authorityKey: short.key },
      /^gatehouse:authority\.leaf = "30d" \| a leaf does not outlive its issuer/,
    ],
    [
      "a leaf for an authority",
      { "issuing-authority.pem": noAuthority.certificate },
      { authorityKey: noAuthority.key },
      /existing\.certificateFile = .* CA:TRUE/,
    ],
    [
      "a public key that does not fit",
      { "shop.key": issuing.key },
      {},
      /certificate\.keyFile = .* belongs to the certificate/,
    ],
    [
      "a public key that is encrypted",
      { "shop.key": "-----BEGIN ENCRYPTED PRIVATE KEY-----" },
      {},
      /certificate\.keyFile = .* (belongs to|unencrypted)/,
    ],
    [
      "a public key in another form",
      { "shop.key": "\u0030\u0082" },
      {},
      /certificate\.keyFile = .* unencrypted private key in PEM/,
    ],
    [
      "a public certificate without the host",
      { "shop.pem": issuing.certificate, "shop.key": issuing.key },
      {},
      /certificateFile = \[.*\] \| .* shop\.corp\.example is not among/,
    ],
    ["a file without a certificate", { "bank-ca.pem": "hello" }, {}, /payments\.caFile = .* it has none/],
    [
      "a damaged certificate",
      { "bank-ca.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
      {},
      /payments\.caFile = .* damaged/,
    ],
    ["a managed authority", {}, { authority: {} }, /^gatehouse:authority\.source = .* set source: existing .*offline/],
  ])("is refused with %s", (_, replaced, raw, expected) => {
    const placed = Object.fromEntries(
      Object.entries(replaced).map(([file, text]) => [`secrets-of-yours/${file}`, text]),
    );
    const found = judged(placed, raw);
    expect(found).toContainEqual(expect.stringMatching(expected));
    expect(found.join()).not.toMatch(/hunter2|PRIVATE KEY-----\n/);
  });

  it("is refused with a route that is not verified, whatever the date", () => {
    const raw = put(
      committed("prod"),
      ["proxy", "hosts", "shop.corp.example", "routes", 0, "insecureUntil"],
      "2026-06-16",
    );
    expect(judged({}, raw)).toEqual([expect.stringMatching(/insecureUntil = .* never turned off in production/)]);
  });

  it("is warned of a public certificate that has ended, which must not keep a repair from going out", () => {
    const old = makeCertificate({
      commonName: "old",
      extensions: ["subjectAltName=DNS:shop.corp.example"],
      issuer: ours.root,
      days: -1,
      notBefore: "20200101000000Z",
    });
    const replaced = { "secrets-of-yours/shop.pem": old.certificate, "secrets-of-yours/shop.key": old.key };
    const config = parse(
      { ...committed("prod"), ...secrets },
      { ...context, files: memoryFiles({ ...files, ...replaced }) },
    );
    expect(config.warnings).toEqual([expect.stringContaining("the certificate ended on")]);
  });
});

describe("a folder to build an image from", () => {
  const raw = put(good(), ["services", "orders", "image"], { build: "images/orders" });

  it("has a Dockerfile", () => {
    expect(problems(raw, { files: memoryFiles({ "images/orders/Dockerfile": "FROM scratch" }) })).toEqual([]);
    expect(problems(raw, { files: memoryFiles({ "images/orders/README.md": "" }) })).toEqual([
      expect.stringMatching(/orders\.image\.build = "images\/orders" \| the folder has a Dockerfile/),
    ]);
  });
});
