import type * as pulumi from "@pulumi/pulumi";

import type { CertificateAuthority } from "../pki/certificateAuthority";
import type { DeliveredCrls } from "./manifest";
import type { DeliveredFile } from "./volume";

/** File with the revocation lists of the services' hierarchy; in the volume only while something is revoked. */
export const CRL_FILE = "crl.pem";

/** What a container gets of an authority's revocation lists: nothing at all while nothing is revoked. */
export interface CrlDelivery {
  readonly files: Readonly<Record<string, DeliveredFile>>;
  readonly crls: readonly DeliveredCrls[];
  /** For the preview: how many certificates are refused, and by which list. */
  readonly facts: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The services' lists, for a container that has certificates of the same hierarchy. */
export function serviceCrls(authority: CertificateAuthority): CrlDelivery {
  if (!authority.crlPem) return { files: {}, crls: [], facts: {} };
  return {
    files: { [CRL_FILE]: { content: authority.crlPem } },
    crls: [{ file: CRL_FILE, bundle: "ca-chain.pem" }],
    facts: { revoked: summary(authority) },
  };
}

/**
 * The lists of an authority of which the container has no certificate, with its intermediates: the keeper checks by
 * them what it cannot check by a certificate of its own.
 */
export function foreignCrls(authority: CertificateAuthority, kind: string, bundle: string): CrlDelivery {
  if (!authority.crlPem) return { files: {}, crls: [], facts: {} };
  const [file, issuers] = [`${kind}-crl.pem`, `${kind}-issuers.pem`];
  return {
    files: { [file]: { content: authority.crlPem }, [issuers]: { content: authority.signer.chainPem } },
    crls: [{ file, bundle, issuers }],
    facts: { [`revoked.${kind}`]: summary(authority) },
  };
}

function summary({ revoked, crlNumber }: CertificateAuthority): string {
  return `${revoked.length} (list ${crlNumber ?? 0})`;
}
