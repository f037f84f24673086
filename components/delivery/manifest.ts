import { createHash } from "node:crypto";

/** What a keeper must know about a release beside the files themselves. Paths are names inside the volume. */
export interface ManifestFacts {
  /** Which server the keeper runs; `companion` when the service does its own TLS. */
  readonly server: "httpd" | "haproxy" | "companion";
  /** Server certificates: `chain` is the leaf, then intermediates. */
  readonly certificates: readonly ServedCertificate[];
  /** Client certificates: leaf, key, intermediates in one file, never a root. */
  readonly clients: readonly { readonly file: string; readonly bundle: string }[];
  /** Files of roots to trust. */
  readonly bundles: readonly string[];
  /** Revocation lists; checked in full, since one that is bad refuses every caller. @default [] */
  readonly crls?: readonly DeliveredCrls[];
  /** What must be served once the release is active. */
  readonly endpoints: readonly Endpoint[];
  /** The same for the trial instance (httpd only). */
  readonly trial?: readonly Endpoint[];
  /** How a service that does its own TLS learns of new files (companion only). */
  readonly reload?: { readonly signal: string };
}

export interface ServedCertificate {
  readonly chain: string;
  readonly key: string;
  readonly usage: "server";
  /** A name that the certificate must carry. */
  readonly name: string;
  /** False for a public certificate that leads to no bundle of ours. @default true */
  readonly anchored?: boolean;
}

/** Revocation lists of every tier of one hierarchy. */
export interface DeliveredCrls {
  readonly file: string;
  /** Roots of the hierarchy. */
  readonly bundle: string;
  /**
   * Intermediates that must have a list here.
   * @default - those of the release's own certificates under the bundle
   */
  readonly issuers?: string;
}

export interface Endpoint {
  /** `address:port` as seen from inside the container. */
  readonly address: string;
  /** Server name to ask for (SNI). */
  readonly name: string;
  readonly chain: string;
}

export interface Release {
  /** Content hash: the same files give the same release. Public. */
  readonly id: string;
  readonly manifest: string;
}

const VERSION = 1;

/** The manifest of a set of files (name -> content), with the release's id. Same input, same text. */
export function makeRelease(files: Readonly<Record<string, string>>, facts: ManifestFacts): Release {
  const names = Object.keys(files).sort();
  const sums = Object.fromEntries(names.map((name) => [name, sha256(files[name] ?? "")]));
  const id = sha256(JSON.stringify([VERSION, sums, facts])).slice(0, 16);
  const manifest = {
    version: VERSION,
    release: id,
    server: facts.server,
    files: sums,
    certificates: facts.certificates,
    clients: facts.clients,
    bundles: facts.bundles,
    crls: facts.crls ?? [],
    endpoints: facts.endpoints,
    trial: facts.trial ?? [],
    ...(facts.reload && { reload: facts.reload }),
  };
  return { id, manifest: `${JSON.stringify(manifest, undefined, 2)}\n` };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
