import { edgeName } from "../../components/trust/enforcement";
import { certificatesOf } from "../../components/pki/evidence";
import { lifetimeWarnings } from "../../components/pki/lifetimes";
import { deviceWarnings } from "./rules/devices";
import { parseMoment } from "./rules/revoked";
import { formatKey } from "./keys";
import type { EdgeConfig } from "./model";
import { ENFORCEMENTS } from "./schemaTrust";
import { hasUsers } from "./users";
import type { View } from "./view";

/** What is allowed and yet worth a word, sorted. Only for configurations without problems. */
export function warningsOf(view: View, edges: readonly EdgeConfig[]): string[] {
  const { authority, proxy } = view.stack;
  const warnings = lifetimeWarnings(formatKey(["authority", "renewBefore"]), authority, authority.updateIntervalHours);

  const reached = new Set(edges.map((edge) => edge.to));
  for (const name of view.services.keys()) {
    if (!reached.has(name))
      warnings.push(`${formatKey(["services", name])}: nobody can reach it, no route and no call leads to it`);
  }
  for (const name of view.external.keys()) {
    if (!reached.has(name)) warnings.push(`${formatKey(["external", name])}: nothing calls it`);
  }
  const used = new Set([...view.services.values()].flatMap((service) => service.secrets));
  for (const name of view.names.secrets) {
    if (!used.has(name)) warnings.push(`${formatKey(["secrets", name])}: no service uses it`);
  }
  if (view.hosts.size === 0)
    warnings.push(`${formatKey(["proxy", "hosts"])}: empty, so the proxy refuses every request`);

  for (const edge of edges) {
    const callee = view.services.get(edge.to);
    if (edge.enforcement === "audit" && callee?.tls.mode === "own")
      warnings.push(
        `${formatKey(["mtls", "edges", edgeName(edge)])}: ${edge.to} does its own TLS, so what an audit lets pass and logs is up to its server (docs/service-with-own-tls.md)`,
      );
    const weakest = callee?.tls.mode === "own" ? weakerEdge(edge, edges) : undefined;
    if (weakest)
      warnings.push(
        `${formatKey(["mtls", "edges", edgeName(edge)])}: ${edge.enforcement} in the graph, but ${edge.to} does its own TLS and treats every caller as its weakest edge, ${edgeName(weakest)} (${weakest.enforcement})`,
      );
  }
  for (const callee of new Set(edges.map((edge) => edge.to))) {
    if (view.services.get(callee)?.tls.mode === "own") continue;
    const own = edges.filter((edge) => edge.to === callee && !edge.external);
    const strict = own.filter((edge) => edge.enforcement === "strict");
    const lenient = own.filter((edge) => edge.enforcement !== "strict");
    if (strict.length > 0 && lenient.length > 0)
      warnings.push(
        `${formatKey(["mtls", "edges"])}: ${callee} lets callers without a certificate in because of ${lenient.map((edge) => `${edgeName(edge)} (${edge.enforcement})`).join(", ")}, so ${strict.map(edgeName).join(", ")} (strict) is no stronger than that`,
      );
  }
  view.stack.revoked.forEach(({ serial, authority, name, until }, index) => {
    const entry = `${formatKey(["revoked", index])}: ${name ?? serial}`;
    const end = parseMoment(until);
    if (end && end <= view.now) warnings.push(`${entry} ended by itself on ${end.toISOString()}; the entry may go`);
    // No problem: going back to an earlier phase stays one line.
    else if (authority === "users" && !hasUsers(view.stack))
      warnings.push(
        `${entry} has no effect in phase ${view.stack.mtls.phase} without devices: there is no authority of users`,
      );
  });
  for (const [name, host] of view.hosts) {
    if (host.clientCertificate === "optional")
      warnings.push(
        `${formatKey(["proxy", "hosts", name, "clientCertificate"])}: optional lets visitors without a certificate in, and yet Apache refuses whoever shows a bad one in the handshake; \`gatehouse audit\` counts both`,
      );
    host.routes.forEach((route, index) => {
      if (route.insecureUntil !== undefined)
        warnings.push(
          `${formatKey(["proxy", "hosts", name, "routes", index, "insecureUntil"])}: the connection to ${route.to} is NOT verified until ${route.insecureUntil}`,
        );
    });
  }
  warnings.push(...deviceWarnings(view));
  if (proxy.certificate.source === "files") {
    const leaf = certificatesOf(view.files.read(proxy.certificate.certificateFile))[0];
    if (leaf && new Date(leaf.validTo) <= view.now)
      warnings.push(
        `${formatKey(["proxy", "certificate", "certificateFile"])}: the certificate ended on ${leaf.validTo}`,
      );
  }
  return warnings.sort();
}

/** Another edge of the same callee that is enforced less. */
function weakerEdge(edge: EdgeConfig, edges: readonly EdgeConfig[]): EdgeConfig | undefined {
  const rank = (it: EdgeConfig): number => ENFORCEMENTS.indexOf(it.enforcement);
  const [weakest] = edges.filter((it) => it.to === edge.to).sort((a, b) => rank(a) - rank(b));
  return weakest && rank(weakest) < rank(edge) ? weakest : undefined;
}
