// Authorities that a stack does not make itself, and those that it must not make.
import { makeCertificate, CA_EXTENSIONS, type Made } from "../support/certificates";
import { scratchProgram, type ScratchProgram } from "../support/stack-program";
import { TestStack, type Finished } from "../support/stack";
import type { Revocation } from "../../components";
import { makeCrl } from "../../components/pki/crl";
import { certificatesOf } from "../../components/pki/evidence";

const SOURCE = `
import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority, ServiceIdentity, type Revocation } from "gatehouse";

const config = new pulumi.Config();
const rootPem = config.get("root");
const authority = new CertificateAuthority("services", {
  environment: "prod",
  domain: "corp.test",
  production: true,
  ...(rootPem !== undefined && {
    source: {
      kind: "existing" as const,
      rootPem,
      certificatePem: config.require("certificate"),
      privateKeyPem: config.require("key"),
      crlPem: config.get("rootCrl"),
    },
  }),
  revoked: config.getObject<Revocation[]>("revoked"),
});
const orders = new ServiceIdentity("orders", { service: "orders", authority });
export = { server: orders.server!.chainPem, key: orders.server!.privateKeyPem, crl: authority.crlPem };
`;

let program: ScratchProgram;
let root: Made;
let issuer: Made;
let stranger: Made;

beforeAll(() => {
  program = scratchProgram(SOURCE);
  root = makeCertificate({ commonName: "company root", extensions: CA_EXTENSIONS, days: 3650 });
  issuer = makeCertificate({ commonName: "company issuing", extensions: CA_EXTENSIONS, issuer: root, days: 1825 });
  stranger = makeCertificate({ commonName: "somebody else", extensions: CA_EXTENSIONS, days: 1825 });
});

afterAll(() => program?.remove());

async function withStack(
  config: Record<string, string>,
  secrets: Record<string, string>,
  body: (stack: TestStack) => Promise<void>,
): Promise<void> {
  const stack = await TestStack.create({ program: program.folder, containers: false, config, secrets });
  try {
    await body(stack);
  } finally {
    await stack.dispose();
  }
}

/** Everything that a provider made: no component, no provider. */
async function madeBy(stack: TestStack): Promise<string[]> {
  const resources = await stack.resources();
  return resources.filter((it) => it.id !== undefined && !it.type.startsWith("pulumi:")).map((it) => it.urn);
}

async function expectRefusal(stack: TestStack, run: () => Promise<Finished>, message: RegExp): Promise<void> {
  const { code, text } = await run();
  expect(code).not.toBe(0);
  expect(text).toMatch(message);
  expect(text).not.toMatch(/^\s+at .*:\d+/m);
  expect(text).not.toContain("PRIVATE KEY");
  expect(await madeBy(stack)).toEqual([]);
}

describe("an existing authority", () => {
  it("issues certificates that lead to its root, and keeps its key out of the state", async () => {
    await withStack({ root: root.certificate, certificate: issuer.certificate }, { key: issuer.key }, async (stack) => {
      await stack.bringUp();
      const { server } = (await stack.outputs()) as { server: string };
      const [leaf, parent, ...others] = certificatesOf(server);
      const [ca] = certificatesOf(issuer.certificate);
      expect(ca && leaf?.verify(ca.publicKey)).toBe(true);
      expect(parent?.fingerprint256).toBe(ca?.fingerprint256);
      expect(others).toEqual([]);
      expect(await stack.exportText()).not.toMatch(/PRIVATE KEY/);
    });
  });

  it("reissues nothing for a blank line, a comment or a missing line end in its files", async () => {
    await withStack({ root: root.certificate, certificate: issuer.certificate }, { key: issuer.key }, async (stack) => {
      await stack.bringUp();
      stack.configure({
        root: `# our root\n\n${root.certificate.trimEnd()}`,
        certificate: `\n${issuer.certificate}\n\n`,
      });
      await stack.expectNoChanges();
    });
  });

  it("is refused with the key of another certificate, in preview and in up, before anything is made", async () => {
    await withStack(
      { root: root.certificate, certificate: issuer.certificate },
      { key: stranger.key },
      async (stack) => {
        const message = /privateKeyPem = "?\[secret\]"?\s+rule: the key belongs to the issuing certificate\s+fix: +\S/;
        await expectRefusal(stack, () => stack.preview(), message);
        await expectRefusal(stack, () => stack.up(), message);
      },
    );
  });

  it("is refused under a root that did not issue it", async () => {
    await withStack(
      { root: stranger.certificate, certificate: issuer.certificate },
      { key: issuer.key },
      async (stack) => {
        await expectRefusal(stack, () => stack.preview(), /rule: it is issued by CN=somebody else/);
      },
    );
  });

  it("is refused when it is no authority", async () => {
    const leaf = makeCertificate({ commonName: "leaf", extensions: ["basicConstraints=CA:FALSE"], issuer: root });
    await withStack({ root: root.certificate, certificate: leaf.certificate }, { key: leaf.key }, async (stack) => {
      await expectRefusal(stack, () => stack.preview(), /rule: an issuing certificate has CA:TRUE/);
    });
  });

  it("is refused when a file holds no certificate at all", async () => {
    await withStack({ root: root.certificate, certificate: "nothing" }, { key: issuer.key }, async (stack) => {
      await expectRefusal(stack, () => stack.preview(), /services\.certificatePem = "\(does not parse\)"/);
    });
  });
});

describe("an existing authority that revokes", () => {
  const revoked = JSON.stringify([
    { serial: "0A", at: "2026-01-01T00:00:00Z", reason: "keyCompromise", until: "2099-01-01T00:00:00Z" },
  ]);
  const files = (): Record<string, string> => ({ root: root.certificate, certificate: issuer.certificate, revoked });

  it("adds its own list to that of the root, which nobody else can sign, and signs the same text each time", async () => {
    const rootCrl = makeCrl({ certificatePem: root.certificate, privateKeyPem: root.key }, [], 1_767_225_600);
    await withStack({ ...files(), rootCrl }, { key: issuer.key }, async (stack) => {
      await stack.bringUp();
      const { crl } = (await stack.outputs()) as { crl: string };
      const own = { certificatePem: issuer.certificate, privateKeyPem: issuer.key };
      const entries = JSON.parse(revoked) as Revocation[];
      expect(crl).toBe(makeCrl(own, entries, 1_767_225_600) + rootCrl);
      await stack.expectNoChanges();
      expect(await stack.exportText()).not.toMatch(/PRIVATE KEY/);
    });
  });

  it("is refused without the root's list, before anything is made", async () => {
    await withStack(files(), { key: issuer.key }, async (stack) => {
      const message = /services\.crlPem = "\(not set\)"\s+rule: to revoke, servers want .* every tier/;
      await expectRefusal(stack, () => stack.preview(), message);
      await expectRefusal(stack, () => stack.up(), message);
    });
  });

  it("is refused with the list of another root", async () => {
    const foreign = makeCrl({ certificatePem: stranger.certificate, privateKeyPem: stranger.key }, [], 1_767_225_600);
    await withStack({ ...files(), rootCrl: foreign }, { key: issuer.key }, async (stack) => {
      await expectRefusal(stack, () => stack.preview(), /CN=company root.*\s+rule: .* this one's is missing/);
    });
  });
});

describe("a managed authority", () => {
  it("is refused in production, before a key is made", async () => {
    await withStack({}, {}, async (stack) => {
      const message =
        /services\.source = "managed"\s+rule: .*does not keep a root key in its state\s+fix: +use source existing/;
      await expectRefusal(stack, () => stack.preview(), message);
      await expectRefusal(stack, () => stack.up(), message);
    });
  });
});
