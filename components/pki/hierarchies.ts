import { certificatesOf } from "./evidence";

/**
 * Subjects of the second hierarchy's certificates whose key vouches in the first one too, root and intermediates alike:
 * whoever trusts the one then trusts what the other issues. Empty for hierarchies that are apart.
 *
 * @param one PEM of root and intermediates
 * @param other the same of the other hierarchy
 */
export function sharedKeys(one: string, other: string): string[] {
  const keyOf = (certificate: ReturnType<typeof certificatesOf>[number]): string =>
    certificate.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const keys = new Set(certificatesOf(one).map(keyOf));
  return certificatesOf(other)
    .filter((certificate) => keys.has(keyOf(certificate)))
    .map((certificate) => certificate.subject.replaceAll("\n", ", "));
}
