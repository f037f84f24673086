import type { Problem } from "../problems";

/**
 * Every name of one service, derived from one value so that DNS alias, container name and certificate cannot
 * drift apart.
 */
export interface ServiceNames {
  /** The service's bare name, an RFC 1123 label: `orders`. */
  readonly name: string;
  /** Environment, `dev`. */
  readonly environment: string;
  /** Domain, `corp.test`. */
  readonly domain: string;
  /** `orders.dev.corp.test`: what callers dial and verify, and the certificates' common name. */
  readonly full: string;
  /** Docker's container name, `orders.dev`; also one of the certificate's names. */
  readonly container: string;
  /** SAN dNSNames, sorted, without duplicates: bare, with environment, full. */
  readonly dns: readonly string[];
  /** SAN URI, `spiffe://corp.test/dev/orders`. */
  readonly uri: string;
}

/** Longest DNS label in octets (RFC 1035, 2.3.4). */
export const MAX_LABEL = 63;
/** Longest common name in characters (RFC 5280, ub-common-name). The full name is one. */
export const MAX_COMMON_NAME = 64;

/** Names that mean something else inside a container or to DNS. */
const RESERVED = new Set([
  "localhost",
  "localdomain",
  "local",
  "invalid",
  "example",
  "test",
  "onion",
  "host",
  "gateway",
]);

/** All names of the service `name`. Throws nothing: validate with `labelProblems` and `nameProblems`. */
export function serviceNames(name: string, environment: string, domain: string): ServiceNames {
  const full = `${name}.${environment}.${domain}`;
  const container = `${name}.${environment}`;
  return {
    name,
    environment,
    domain,
    full,
    container,
    dns: [...new Set([name, container, full])].sort(),
    uri: `spiffe://${domain}/${environment}/${name}`,
  };
}

/** What the subject's organizational unit says of a device, for servers that cannot read URI names. */
export const DEVICE_UNIT = "device";

/** SAN URI of a device, one segment deeper than any service's: `spiffe://corp.test/dev/device/laptop-ann`. */
export function deviceUri(name: string, environment: string, domain: string): string {
  return `spiffe://${domain}/${environment}/device/${name}`;
}

/** What is wrong with one DNS label that TLS must carry too. */
export function labelProblems(key: string, value: string): Problem[] {
  const problem = (rule: string, fix: string): Problem[] => [{ key, value, rule, fix }];
  if (value === "") return problem("a name has at least one character", "give it a name such as orders");
  if (value.includes("*"))
    return problem("a certificate here names one service, never a wildcard", "name each service by itself");
  if (/^\d+(\.\d+){3}$/.test(value) || value.includes(":"))
    return problem("services are addressed by name, never by IP address (RFC 9525, 1.3)", "use a host name");
  if (value.includes("."))
    return problem("a name is a single DNS label", `leave the domain out: ${suggest(value.split(".")[0] ?? "")}`);
  if (value.includes("_"))
    return problem("TLS and DNS host names have no underscore (RFC 1123, 2.1)", `use ${suggest(value)}`);
  if (/[A-Z]/.test(value)) return problem("names are lower case", `use ${suggest(value)}`);
  if (value.startsWith("-") || value.endsWith("-"))
    return problem("a label does not begin or end with a hyphen (RFC 1123, 2.1)", `use ${suggest(value)}`);
  if (Buffer.byteLength(value) > MAX_LABEL)
    return problem(`a label has at most ${MAX_LABEL} octets (RFC 1035, 2.3.4)`, "shorten it");
  if (!/^[a-z0-9-]+$/.test(value))
    return problem("a label has letters a-z, digits and hyphens only (RFC 1123, 2.1)", `use ${suggest(value)}`);
  if (/^\d+$/.test(value))
    return problem("a name of digits only can be taken for an address", "begin it with a letter");
  if (RESERVED.has(value)) return problem("the name is reserved (RFC 6761, or by Docker)", "choose another name");
  return [];
}

/** What is wrong with a host name of several labels, such as a domain or a public host. */
export function hostProblems(key: string, value: string): Problem[] {
  const problem = (rule: string, fix: string): Problem[] => [{ key, value, rule, fix }];
  if (value.length > 253) return problem("a host name has at most 253 octets (RFC 1035, 2.3.4)", "shorten it");
  if (value.includes("*")) return problem("wildcards are not used", "list each host by its own name");
  if (/^\d+(\.\d+){3}$/.test(value) || value.includes(":"))
    return problem("a host name, not an address or a port (RFC 9525, 1.3)", "use the name that clients ask for");
  const labels = value.split(".");
  for (const [index, label] of labels.entries()) {
    const wrong = labelProblems(key, label).filter((p) => !p.rule.startsWith("the name is reserved"));
    const first = wrong[0];
    if (label === "") return problem("labels are separated by single dots", "leave out leading, double and final dots");
    // Digits-only labels are legal inside a longer name, except as the last one (RFC 3696, 2).
    if (first && !(/^\d+$/.test(label) && index < labels.length - 1)) return problem(first.rule, first.fix);
  }
  return [];
}

/** What is wrong with the names as a whole: lengths that only show once they are joined. */
export function nameProblems(key: string, names: ServiceNames): Problem[] {
  if (names.full.length <= MAX_COMMON_NAME) return [];
  return [
    {
      key,
      value: names.full,
      rule: `the full name is the certificate's common name too, at most ${MAX_COMMON_NAME} characters (RFC 5280, ub-common-name); it has ${names.full.length}`,
      fix: "shorten the service's name, the environment or the domain",
    },
  ];
}

function suggest(value: string): string {
  const cleaned = value
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return cleaned === "" ? "letters, digits and hyphens" : cleaned.slice(0, MAX_LABEL);
}
