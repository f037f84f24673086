// @ts-check
// The versions that everything here is built and tested with. The providers' are those of the SDKs in package.json.
export const PULUMI = "3.256.0";
export const PULUMI_MINIMUM = "3.200.0";
export const PROVIDERS = { tls: "5.6.1", random: "4.21.2", docker: "5.2.0" };
export const DEBIAN = "bookworm";
export const BASE_IMAGE = "debian:bookworm-slim";

/**
 * @param {string} version
 * @param {string} minimum
 */
export function isAtLeast(version, minimum) {
  const [have, want] = [version, minimum].map((text) =>
    text
      .replace(/^[^\d]*/, "")
      .split(/[^\d]+/)
      .map(Number),
  );
  for (let i = 0; i < want.length; i++) {
    if ((have[i] ?? 0) !== want[i]) return (have[i] ?? 0) > want[i];
  }
  return true;
}
