import type { AddressPlan } from "../../components/network/addresses";
import { callsOf, edgesOf, networksOf } from "./graph";
import type { GatehouseConfig, HostConfig, RouteConfig, ServiceConfig } from "./model";
import { parseMoment } from "./rules/revoked";
import { normalHost, normalPath, parseDate } from "./rules/routes";
import { hasUsers, usersOf } from "./users";
import type { Host, Service, View } from "./view";
import { warningsOf } from "./warnings";

/** The configuration for the stack program, from one that breaks no rule. Sorted throughout. */
export function buildConfig(view: View, plan: AddressPlan): GatehouseConfig {
  const { domain, production, authority, mtls, proxy, networks, secrets } = view.stack;
  const edges = edgesOf(view);
  return {
    environment: view.environment,
    domain,
    production,
    authority,
    phase: mtls.phase,
    auditAtLeastSeconds: mtls.audit.atLeast,
    force: Object.fromEntries(Object.entries(mtls.force).sort(([a], [b]) => compare(a, b))),
    revoked: { services: buildRevoked(view, "services"), users: buildRevoked(view, "users") },
    ...(hasUsers(view.stack) && { users: usersOf(view.stack) }),
    devices: [...view.devices].map(([name, { valid, ...device }]) => ({ name, ...device, validHours: valid })),
    proxy: { ...proxy, hosts: [...view.hosts].map(([name, host]) => buildHost(name, host)) },
    services: [...view.services].map(([name, service]) => buildService(view, name, service)),
    external: [...view.external].map(([name, external]) => ({ name, ...external })),
    secrets: view.names.secrets.flatMap((name) => (secrets[name] ? [{ name, ...secrets[name] }] : [])),
    isolation: networks.isolation,
    networks: networksOf(view, edges).map((network) => {
      const subnet = plan.subnets.get(network.name);
      return { ...network, ...(subnet !== undefined && { subnet }) };
    }),
    edges,
    warnings: warningsOf(view, edges),
  };
}

function buildRevoked(view: View, authority: "services" | "users"): GatehouseConfig["revoked"]["services"] {
  return view.stack.revoked
    .filter((entry) => entry.authority === authority)
    .map(({ serial, name, at, reason, until }) => ({
      serial,
      ...(name !== undefined && { name }),
      at: moment(at),
      reason,
      until: moment(until),
    }))
    .sort((a, b) => compare(a.at, b.at) || compare(a.serial, b.serial));
}

function moment(text: string): string {
  return `${parseMoment(text)?.toISOString().slice(0, 19) ?? ""}Z`;
}

function buildHost(name: string, host: Host): HostConfig {
  const routes = host.routes.map(({ insecureUntil, ...route }): RouteConfig => {
    const until = insecureUntil === undefined ? undefined : parseDate(insecureUntil)?.toISOString();
    return { ...route, path: normalPath(route.path), ...(until !== undefined && { insecureUntil: until }) };
  });
  routes.sort((a, b) => b.path.length - a.path.length || compare(a.path, b.path));
  return { host: normalHost(name), clientCertificate: host.clientCertificate, routes };
}

function buildService(view: View, name: string, service: Service): ServiceConfig {
  return {
    ...service,
    name,
    environment: Object.fromEntries(Object.entries(service.environment).sort(([a], [b]) => compare(a, b))),
    secrets: [...service.secrets].sort(),
    volumes: [...service.volumes].sort((a, b) => compare(a.path, b.path)),
    tmpfs: [...service.tmpfs].sort(),
    calls: callsOf(view, name).map(({ to, port }) => ({ to, port })),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
