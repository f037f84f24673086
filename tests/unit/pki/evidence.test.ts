import { evidenceOf, keyFits, normalizePem } from "../../../components/pki/evidence";
import { existingAuthorityProblems } from "../../../components/pki/existingAuthority";
import { makeCertificate, makeHierarchy } from "../../support/certificates";

const ours = makeHierarchy("ours");
const other = makeHierarchy("other");
const leaf = ours.leaf({
  commonName: "orders.dev.corp.test",
  extensions: ["subjectAltName=DNS:orders,URI:spiffe://corp.test/dev/orders"],
});

describe("the evidence of a certificate", () => {
  it("holds its public facts in the words of the openssl command", () => {
    expect(evidenceOf(leaf.certificate)).toEqual({
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string,
      serial: expect.stringMatching(/^[0-9A-F]+$/) as string,
      subject: "orders.dev.corp.test",
      issuer: "ours intermediate",
      names: ["DNS:orders", "URI:spiffe://corp.test/dev/orders"],
      notBefore: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      notAfter: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
  });

  it("is refused where there is no certificate", () => {
    expect(() => evidenceOf("nothing")).toThrow("no PEM certificate");
  });
});

describe("a normalised PEM text", () => {
  it("is the same for blank lines, comments and line ends that mean nothing", () => {
    const messy = `# our root\r\n\n${ours.root.certificate.replaceAll("\n", "\r\n")}\n\n`;
    expect(normalizePem(messy)).toBe(normalizePem(ours.root.certificate));
  });

  it("keeps the order of several certificates", () => {
    const both = normalizePem(ours.intermediate.certificate + ours.root.certificate);
    expect(evidenceOf(both).subject).toBe("ours intermediate");
  });
});

it("a key fits its own certificate only", () => {
  expect(keyFits(leaf.certificate, leaf.key)).toBe(true);
  expect(keyFits(leaf.certificate, other.root.key)).toBe(false);
  expect(keyFits(leaf.certificate, "garbage")).toBe(false);
});

describe("an existing authority", () => {
  const good = {
    rootPem: ours.root.certificate,
    certificatePem: ours.intermediate.certificate,
    privateKeyPem: ours.intermediate.key,
  };
  const rules = (change: Partial<typeof good>): string[] =>
    existingAuthorityProblems("authority", { ...good, ...change }).map((problem) => problem.rule);

  it("is accepted when key, usage, chain and dates fit", () => {
    expect(rules({})).toEqual([]);
  });

  it.each<[string, Partial<typeof good>, RegExp]>([
    [
      "a key of another certificate",
      { privateKeyPem: other.intermediate.key },
      /key belongs to the issuing certificate/,
    ],
    ["an intermediate as the root", { rootPem: ours.intermediate.certificate }, /root is self-signed/],
    ["an issuer under another root", { rootPem: other.root.certificate }, /it is issued by CN=other root/],
    ["a leaf as the issuer", { certificatePem: leaf.certificate, privateKeyPem: leaf.key }, /CA:TRUE/],
    [
      "the root as the issuer",
      { certificatePem: ours.root.certificate, privateKeyPem: ours.root.key },
      /the root does not/,
    ],
    ["two roots", { rootPem: ours.root.certificate + other.root.certificate }, /one PEM certificate/],
    [
      "text that does not parse",
      { certificatePem: "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----" },
      /issuing one first/,
    ],
    [
      "an expired issuer",
      ((): Partial<typeof good> => {
        const expired = makeCertificate({
          commonName: "expired",
          extensions: ["basicConstraints=critical,CA:TRUE"],
          issuer: ours.root,
          notBefore: "20200101000000Z",
          notAfter: "20210101000000Z",
        });
        return { certificatePem: expired.certificate, privateKeyPem: expired.key };
      })(),
      /valid now/,
    ],
  ])("is refused with %s", (_, change, rule) => {
    expect(rules(change).join("; ")).toMatch(rule);
  });

  it("never shows the key in a problem", () => {
    const problems = existingAuthorityProblems("authority", { ...good, privateKeyPem: other.root.key });
    expect(JSON.stringify(problems)).not.toContain("PRIVATE KEY");
  });
});
