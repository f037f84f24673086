// Servers that no caller may believe, and a few that a caller may: certificate, chain and options of `openssl s_server`.
import { CA_EXTENSIONS, makeCertificate, makeHierarchy, type Made, type Recipe } from "./certificates";

export const DOMAIN = "bad.corp.test";
const LEAF = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"];

export interface BadServer {
  readonly name: string;
  /** Host name that callers dial and expect. */
  readonly host: string;
  readonly port: number;
  readonly leaf: Made;
  /** Intermediates that it sends. */
  readonly chain: readonly string[];
  readonly options: readonly string[];
}

type Hierarchy = ReturnType<typeof makeHierarchy>;
type Kind = Omit<BadServer, "name" | "host" | "port">;

/** Everything is tolerated on the server's side, so that it is the caller who refuses. */
const ANYTHING = ["-cipher", "ALL:@SECLEVEL=0"];

export function badServers(ours: Hierarchy, strangers: Hierarchy): BadServer[] {
  const extensions = (name: string, usage = "serverAuth", san = `DNS:${name}.${DOMAIN}`): string[] => [
    ...LEAF,
    ...(usage ? [`extendedKeyUsage=${usage}`] : []),
    ...(san ? [`subjectAltName=${san}`] : []),
  ];
  const issue = (name: string, recipe: Partial<Recipe> = {}, by: Made = ours.intermediate): Made =>
    makeCertificate({ commonName: "leaf", extensions: extensions(name), issuer: by, ...recipe });
  const plain = (name: string, recipe: Partial<Recipe> = {}): Kind => ({
    leaf: issue(name, recipe),
    chain: [ours.intermediate.certificate],
    options: ANYTHING,
  });
  const under = (name: string, intermediate: Made, ...further: Made[]): Kind => ({
    leaf: issue(name, {}, intermediate),
    chain: [intermediate, ...further].map((it) => it.certificate),
    options: ANYTHING,
  });
  const authority = (commonName: string, lines: readonly string[], issuer: Made, recipe: Partial<Recipe> = {}): Made =>
    makeCertificate({ commonName, extensions: lines, issuer, ...recipe });
  const day = (days: number): string =>
    `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;

  const notCa = authority("no authority", LEAF, ours.root);
  const leafOnly = authority(
    "short",
    [...CA_EXTENSIONS.slice(1), "basicConstraints=critical,CA:TRUE,pathlen:0"],
    ours.root,
  );
  const constrained = authority(
    "elsewhere",
    [...CA_EXTENSIONS, "nameConstraints=critical,permitted;DNS:other.test"],
    ours.root,
  );
  const past = authority("past", CA_EXTENSIONS, ours.root, { notBefore: day(-9), notAfter: day(-2) });

  const kinds: Record<string, Kind> = {
    good: plain("good"),
    "good-tls12": { ...plain("good-tls12"), options: ["-tls1_2"] },
    "good-rsa2048": plain("good-rsa2048", { key: "rsa:2048" }),
    expired: plain("expired", { notBefore: day(-9), notAfter: day(-2) }),
    "not-yet-valid": plain("not-yet-valid", { notBefore: day(2), notAfter: day(9) }),
    "wrong-name": plain("wrong-name", { extensions: extensions("somebody-else") }),
    "name-in-cn-only": plain("name-in-cn-only", {
      commonName: `name-in-cn-only.${DOMAIN}`,
      extensions: extensions("", "serverAuth", ""),
    }),
    "name-in-cn-beside-san": plain("name-in-cn-beside-san", {
      commonName: `name-in-cn-beside-san.${DOMAIN}`,
      extensions: extensions("somebody-else"),
    }),
    "name-as-uri": plain("name-as-uri", {
      extensions: extensions("", "serverAuth", `URI:https://name-as-uri.${DOMAIN}`),
    }),
    "wildcard-inside": plain("wildcard-inside", {
      extensions: extensions("", "serverAuth", `DNS:wild*.${DOMAIN}`),
    }),
    "wildcard-two-labels": plain("wildcard-two-labels", {
      extensions: extensions("", "serverAuth", "DNS:*.corp.test"),
    }),
    "self-signed": {
      leaf: makeCertificate({ commonName: "leaf", extensions: extensions("self-signed") }),
      chain: [],
      options: ANYTHING,
    },
    "unknown-root": {
      leaf: issue("unknown-root", {}, strangers.intermediate),
      chain: [strangers.intermediate.certificate, strangers.root.certificate],
      options: ANYTHING,
    },
    "no-san": plain("no-san", { extensions: extensions("", "serverAuth", "") }),
    "client-only": plain("client-only", { extensions: extensions("client-only", "clientAuth") }),
    "missing-intermediate": {
      ...under("missing-intermediate", authority("unsent", CA_EXTENSIONS, ours.root)),
      chain: [],
    },
    // The caller has this intermediate itself, in its client.pem.
    "known-intermediate-missing": { ...plain("known-intermediate-missing"), chain: [] },
    "intermediate-no-ca": under("intermediate-no-ca", notCa),
    "leaf-as-issuer": under("leaf-as-issuer", issue("issuer"), ours.intermediate),
    "path-too-long": under("path-too-long", authority("second", CA_EXTENSIONS, leafOnly), leafOnly),
    "name-constraints": under("name-constraints", constrained),
    "expired-intermediate": under("expired-intermediate", past),
    "rsa-1024": plain("rsa-1024", { key: "rsa:1024" }),
    "sha-1": plain("sha-1", { digest: "sha1" }),
    "sha-1-intermediate": under("sha-1-intermediate", authority("old", CA_EXTENSIONS, ours.root, { digest: "sha1" })),
    "tls-1.1": { ...plain("tls-1.1"), options: ["-tls1_1", ...ANYTHING] },
    "old-ciphers": {
      ...plain("old-ciphers", { key: "rsa:2048" }),
      options: ["-tls1_2", "-cipher", "AES128-SHA:AES256-SHA:@SECLEVEL=0"],
    },
  };
  return Object.entries(kinds).map(([name, kind], index) => ({
    name,
    host: `${name}.${DOMAIN}`,
    port: 9000 + index,
    ...kind,
  }));
}

/** Files and a shell script that serves them all, one port each. */
export function servers(all: readonly BadServer[]): { files: Record<string, string>; script: string } {
  const files: Record<string, string> = {};
  const lines = all.map((it) => {
    files[`${it.name}.crt`] = it.leaf.certificate;
    files[`${it.name}.key`] = it.leaf.key;
    files[`${it.name}.chain`] = it.chain.join("");
    const at = (kind: string): string => `/trust/${it.name}.${kind}`;
    const chain = it.chain.length > 0 ? `-cert_chain ${at("chain")}` : "";
    return `openssl s_server -quiet -www -accept ${it.port} -cert ${at("crt")} -key ${at("key")} ${chain} ${it.options.join(" ")} &`;
  });
  return { files, script: [...lines, "wait"].join("\n") };
}
