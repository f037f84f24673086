import { makeCrl } from "../../../components/pki/crl";
import { existingRevocationProblems, normalCrls } from "../../../components/pki/upperCrls";
import { TestAuthority } from "../../live/support/keeper-pki";
import { CA_EXTENSIONS, makeCertificate } from "../../support/certificates";
import { good, memoryFiles, problems, put, type Raw } from "../config/support";

const now = new Date();
const DAY = 86_400_000;
const ours = new TestAuthority("ours");
const other = new TestAuthority("other");
afterAll(() => [ours, other].forEach((it) => it.remove()));

const given = (crlPem: string | undefined): Parameters<typeof existingRevocationProblems>[1] => ({
  rootPem: ours.root.cert,
  certificatePem: ours.intermediate.cert,
  privateKeyPem: ours.intermediate.key,
  crlPem,
});
const found = (crlPem: string | undefined, lastUntil?: Date): string[] =>
  existingRevocationProblems("it", given(crlPem), now, lastUntil).map((it) => `${it.key}: ${it.rule}`);

describe("an authority of one's own that shall revoke", () => {
  it("is well with the root's fresh list", () => {
    expect(found(ours.crl("root"))).toEqual([]);
    expect(found(`# from the root's owner\r\n${ours.crl("root").replaceAll("\n", "\r\n")}\n`)).toEqual([]);
  });

  it.each<[string, () => string | undefined, RegExp]>([
    ["without a list", () => undefined, /crlPem: to revoke, servers want the revocation list of every tier/],
    ["with an empty file", () => "\n", /crlPem: revocation lists in PEM; there is none/],
    ["with another label", () => ours.crl("root").replaceAll("X509 CRL", "CRL"), /servers skip "CRL"/],
    ["with a damaged list", () => ours.crl("root").replace(/\nMI..../, "\n"), /a revocation list that parses/],
    ["with a certificate", () => ours.root.cert, /servers skip "CERTIFICATE"/],
    ["with the list of another root", () => other.crl("root"), /this one's is missing/],
    ["with a list signed with another key", () => ours.crl("root", { key: other.root.key }), /signed with the key of/],
    ["with a list that has run out", () => ours.expiredCrl("root"), /a list that has run out refuses every caller/],
    [
      "with a list from the future",
      () => ours.crl("root", { number: Math.floor(Date.now() / 1000) + 9999 }),
      /the list is valid now; it begins at/,
    ],
    [
      "with a list that revokes the issuing certificate",
      () => ours.crl("root", { revoked: [ours.intermediate.cert] }),
      /the list revokes CN=ours issuing, so everything under it is refused/,
    ],
    ["with two lists", () => ours.crl("root") + ours.crl("root"), /one list of each tier/],
    [
      "with the list that the stack makes itself",
      () => ours.crl("root") + ours.crl("intermediate"),
      /lists of the tiers above the issuing certificate alone/,
    ],
  ])("has a problem %s", (_what, list, problem) => {
    expect(found(list())).toContainEqual(expect.stringMatching(problem));
  });

  it("needs a list that lasts until the next update is due", () => {
    const end = new Date(now.getTime() + 400 * DAY);
    expect(found(ours.crl("root"), end)).toEqual([expect.stringMatching(/before the next update is due/)]);
  });

  it("needs a list of every tier between", () => {
    const extensions = { extensions: CA_EXTENSIONS };
    const root = { certificate: ours.root.cert, key: ours.root.key };
    const middle = makeCertificate({ commonName: "middle", ...extensions, issuer: root });
    const issuing = makeCertificate({ commonName: "issuing", ...extensions, issuer: middle });
    const chain = { ...given(undefined), certificatePem: issuing.certificate + middle.certificate };
    const check = (crlPem: string): string[] =>
      existingRevocationProblems("it", { ...chain, privateKeyPem: issuing.key, crlPem }, now).map((it) => it.rule);
    const middles = makeCrl({ certificatePem: middle.certificate, privateKeyPem: middle.key }, [], 1_700_000_000);
    expect(check(ours.crl("root") + middles)).toEqual([]);
    expect(check(ours.crl("root"))).toEqual([expect.stringMatching(/this one's is missing/)]);
  });

  it("needs a certificate that may sign lists, and a key that signs the same text twice", () => {
    const root = { certificate: ours.root.cert, key: ours.root.key };
    const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
    const issuing = makeCertificate({ commonName: "no lists", extensions, issuer: root, key: "ed25519" });
    const rules = existingRevocationProblems(
      "it",
      { ...given(ours.crl("root")), certificatePem: issuing.certificate, privateKeyPem: issuing.key },
      now,
    ).map((it) => `${it.key}: ${it.rule}`);
    expect(rules).toEqual([
      expect.stringMatching(/privateKeyPem: .*ed25519 signs no revocation list/),
      expect.stringMatching(/certificatePem: .*key usage cRLSign/),
    ]);
  });
});

it("makes the same release of the same lists, however the file is written", () => {
  const list = ours.crl("root");
  expect(normalCrls(`\n# a note\n${list.replaceAll("\n", "\r\n")}\n\n`)).toBe(list);
});

describe("in the configuration", () => {
  const context = {
    now,
    secretKeys: new Set(["authorityKey"]),
    files: memoryFiles({
      "root.pem": ours.root.cert,
      "issuing.pem": ours.intermediate.cert,
      "crl.pem": ours.crl("root"),
      "old.pem": ours.expiredCrl("root"),
    }),
  };
  const entry = {
    serial: "0A",
    authority: "services",
    at: new Date(now.getTime() - DAY).toISOString(),
    reason: "superseded",
    until: new Date(now.getTime() + DAY).toISOString(),
  };
  const stack = (rootCrlFile: string | undefined, revoked: readonly object[] = [entry]): Raw =>
    put(put(put(good(), ["revoked"], revoked), ["authorityKey"], ours.intermediate.key), ["authority"], {
      source: "existing",
      leaf: "10d",
      renewBefore: "3d",
      updateInterval: "1d",
      existing: {
        rootFile: "root.pem",
        certificateFile: "issuing.pem",
        keySecret: "authorityKey",
        ...(rootCrlFile !== undefined && { rootCrlFile }),
      },
    });

  it("is asked for where something is revoked, and only there", () => {
    expect(problems(stack("crl.pem"), context)).toEqual([]);
    expect(problems(stack(undefined, []), context)).toEqual([]);
    expect(problems(stack(undefined), context)).toEqual([
      expect.stringMatching(
        /^gatehouse:authority\.existing\.rootCrlFile = undefined \| to revoke, servers want .* \| give the root's own list.*: gatehouse:authority\.existing\.rootCrlFile/,
      ),
    ]);
    expect(problems(stack("old.pem"), context)).toEqual([
      expect.stringMatching(/rootCrlFile = "CN=ours root" \| a list that has run out refuses every caller/),
    ]);
    expect(problems(stack("none.pem"), context)).toEqual([
      expect.stringMatching(/rootCrlFile = "none.pem" \| the file can be read: ENOENT/),
    ]);
  });
});
