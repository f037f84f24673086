// @ts-check
// The stack output `trust` for people: who may call whom, how that is enforced, and until when the certificates hold.

/**
 * Everything is optional: a stack half-way up has only part of it.
 * @typedef {{ fingerprint?: string, notAfter?: string }} Certificate
 * @typedef {object} Trust
 * @property {string} [environment]
 * @property {string} [domain]
 * @property {string} [phase]
 * @property {Record<string, { server?: Certificate, client?: Certificate }>} [services]
 * @property {{ from?: string, to?: string, enforcement?: string, protocol?: string }[]} [edges]
 * @property {{ urls?: string[] }} [entry]
 */

/**
 * @param {Trust} trust
 * @returns {string}
 */
export function trustTable(trust) {
  const services = trust.services ?? {};
  const rows = (trust.edges ?? []).map(({ from = "?", to = "?", enforcement = "?", protocol = "?" }) => [
    from,
    to,
    protocol,
    enforcement,
    shown(services[from]?.client),
    shown(services[to]?.server),
  ]);
  return table(
    ["caller", "service", "protocol", "client certificate is", "caller's certificate", "service's certificate"],
    rows,
  );
}

/** @param {Certificate | undefined} certificate */
function shown(certificate) {
  if (!certificate) return "-";
  const fingerprint = certificate.fingerprint
    ?.replace(/^SHA256:/i, "")
    .replaceAll(":", "")
    .slice(0, 12);
  return (
    [fingerprint, certificate.notAfter && `until ${certificate.notAfter.slice(0, 10)}`].filter(Boolean).join(" ") || "-"
  );
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  /** @param {string[]} row */
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
