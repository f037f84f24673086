import * as pulumi from "@pulumi/pulumi";

import type { IssuedCertificate } from "./issue";

/**
 * A client certificate as one file: leaf, key, intermediates, in that order. Another order does not start Apache
 * (AH02326); a root in it would become a trust anchor for backends.
 */
export function clientPem(certificate: IssuedCertificate): pulumi.Output<string> {
  return pulumi.interpolate`${certificate.certificatePem}${certificate.privateKeyPem}${certificate.intermediatesPem}`;
}
