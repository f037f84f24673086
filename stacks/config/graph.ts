import { edgeName } from "../../components/trust/enforcement";
import type { CallConfig, EdgeConfig, Enforcement, NetworkConfig, Protocol } from "./model";
import type { View } from "./view";

/** Port under which a caller reaches an HTTP callee in its cell unless told otherwise: `http://inventory`. */
const PLAIN_HTTP_PORT = 80;

/** Who is called, seen from a caller. */
interface Callee {
  readonly protocol: Protocol;
  /** TLS port. */
  readonly port: number;
  /** Port in the caller's cell. */
  readonly localPort: number;
  /** Only for external servers: whether they are shown a certificate. */
  readonly shown?: boolean;
}

function callee(view: View, name: string): Callee | undefined {
  const service = view.services.get(name);
  if (service) {
    const { protocol, tlsPort: port } = service;
    return { protocol, port, localPort: protocol === "http" ? PLAIN_HTTP_PORT : service.port };
  }
  const external = view.external.get(name);
  if (!external) return undefined;
  return { protocol: "http", port: external.port, localPort: PLAIN_HTTP_PORT, shown: external.clientCertificate };
}

/** The calls of a service with their ports, sorted by callee; without calls of what is not there. */
export function callsOf(view: View, caller: string): (CallConfig & { readonly protocol: Protocol })[] {
  const calls = view.services.get(caller)?.calls ?? [];
  return calls
    .flatMap((call: { to: string; port?: number }) => {
      const target = callee(view, call.to);
      return target ? [{ to: call.to, port: call.port ?? target.localPort, protocol: target.protocol }] : [];
    })
    .sort((a, b) => (a.to < b.to ? -1 : 1));
}

/** Every permitted call, sorted. Callees that do not exist are left to the rules. */
export function edgesOf(view: View): EdgeConfig[] {
  const routed = new Set([...view.hosts.values()].flatMap((host) => host.routes.map((route) => route.to)));
  const pairs = [
    ...[...routed].map((to) => ({ from: view.stack.proxy.name, to, kind: "proxy" as const })),
    ...[...view.services].flatMap(([from, service]) =>
      [...new Set(service.calls.map((call) => call.to))].map((to) => ({ from, to, kind: "service" as const })),
    ),
  ];
  return pairs
    .flatMap(({ from, to, kind }) => {
      const target = callee(view, to);
      if (!target) return [];
      const external = target.shown !== undefined;
      const enforcement = external ? (target.shown ? "strict" : "off") : enforcementOf(view, from, to, kind);
      return [{ from, to, kind, protocol: target.protocol, port: target.port, enforcement, external } as const];
    })
    .sort((a, b) => (edgeName(a) < edgeName(b) ? -1 : 1));
}

function enforcementOf(view: View, from: string, to: string, kind: EdgeConfig["kind"]): Enforcement {
  const { phase, edges } = view.stack.mtls;
  const name = edgeName({ from, to });
  const single = Object.hasOwn(edges, name) ? edges[name] : undefined;
  if (single !== undefined) return single;
  if (phase === "server-tls") return "off";
  return phase === "proxy" && kind === "service" ? "off" : "strict";
}

type NetworkPlan = Omit<NetworkConfig, "subnet">;

/** Every network that the stack needs, sorted by name. */
export function networksOf(view: View, edges: readonly EdgeConfig[]): NetworkPlan[] {
  const shared = view.stack.networks.isolation === "shared";
  const networks: NetworkPlan[] = [{ name: "entry", kind: "entry", members: [view.stack.proxy.name] }];
  for (const to of [...view.services.keys(), ...view.external.keys()]) {
    const external = view.external.has(to);
    if (shared && !external) continue;
    const callers = edges.filter((edge) => edge.to === to).map((edge) => edge.from);
    const members = (external ? callers : [...callers, to]).sort();
    networks.push(
      external ? { name: `${to}.egress`, kind: "external", members } : { name: `${to}.edge`, kind: "edge", members },
    );
  }
  if (shared) {
    const members = [view.stack.proxy.name, ...view.services.keys()].sort();
    networks.push({ name: "shared", kind: "shared", members });
  }
  for (const [name, service] of view.services) {
    // Two containers, the application and its sidecar, for one service.
    if (service.tls.mode === "sidecar") networks.push({ name: `${name}.cell`, kind: "cell", members: [name] });
  }
  return networks.sort((a, b) => (a.name < b.name ? -1 : 1));
}
