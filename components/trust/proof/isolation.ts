import type { Placement, ProofEdge, ProofMember } from "./plan";
import { BUNDLE, CLIENT, type Unnumbered } from "./unnumbered";

/** Docker's name of the network that isolation: shared makes (stacks/build.ts). */
const SHARED = /^shared\.[^.]+\.edge$/;

/** From a sidecar's place: no service that is no edge of it, no application of others, no host, no outside. */
export function isolationChecks(
  member: ProofMember,
  edges: readonly ProofEdge[],
  members: readonly ProofMember[],
  placement: Placement,
): Unnumbered[] {
  const own = edges.filter((edge) => edge.from === member.name);
  const permitted = new Set([member.name, ...own.map((edge) => edge.to)]);
  const mine = placement.addresses[member.container] ?? {};
  const strangers = members.filter((it) => !permitted.has(it.name));
  const closed = strangers.flatMap((stranger) =>
    // On a network that both are on, a service with its own TLS listens everywhere: there its certificate decides. So
    // it does for every service on the one network for all (isolation: shared).
    [stranger.container, `${stranger.container}.app`].flatMap((container) =>
      Object.entries(placement.addresses[container] ?? {})
        .filter(([network]) => !(network in mine) || (stranger.tls !== "own" && !SHARED.test(network)))
        .map(([network, address]) => ({ stranger, network, address })),
    ),
  );
  // With an external callee it has a way out, by design: an address of an internal network is then asked for outside,
  // where it means somebody else. What it may call in the stack is up to certificates.
  if (own.some((edge) => edge.external)) return [];
  const meeting = strangers.filter((stranger) =>
    Object.keys(placement.addresses[stranger.container] ?? {}).some(
      (network) => network in mine && SHARED.test(network),
    ),
  );
  return [
    ...meeting.flatMap((stranger) => refusedByCertificate(member, own.length > 0, stranger, edges)),
    ...closed.map(({ stranger, network, address }) => ({
      about: `${member.name}->${stranger.name}`,
      claim: "it is no edge, so it cannot be reached",
      fix: `${stranger.name} is reachable at ${address} on ${network}: who put it there?`,
      kind: "closed",
      fields: [address, stranger.port],
    })),
    ...hostAddresses(mine, placement).map((address) => ({
      about: member.name,
      claim: "there is no way out of its networks, not even to the host",
      fix: `${address} answers from ${member.container}: is one of its networks not internal?`,
      kind: "unreachable",
      fields: [address, 1],
    })),
  ];
}

/** On one network for all, what is no edge is refused by certificate, where every edge of the callee is strict. */
function refusedByCertificate(
  member: ProofMember,
  hasClient: boolean,
  stranger: ProofMember,
  edges: readonly ProofEdge[],
): Unnumbered[] {
  const strict = edges.filter((edge) => edge.to === stranger.name).every((edge) => edge.enforcement === "strict");
  if (!strict || stranger.protocol === "tcp" || stranger.tls === "entry") return [];
  return [
    {
      about: `${member.name}->${stranger.name}`,
      claim: "it is no edge, so its certificate is refused",
      fix: `${stranger.name} lets ${member.name} in: who is among its callers?`,
      kind: "tls",
      fields: [
        stranger.full,
        stranger.port,
        stranger.full,
        BUNDLE,
        hasClient ? CLIENT : "-",
        stranger.fingerprint,
        stranger.tls === "own" ? "plain-http" : "http",
        "refused",
      ],
    },
  ];
}

/** The host as seen from these networks, its address where the entry is, and an address in the world. */
function hostAddresses(mine: Readonly<Record<string, string>>, placement: Placement): string[] {
  const networks = Object.keys(placement.gateways).filter((name) => name in mine || name.endsWith(".entry"));
  return [...networks.sort().map((name) => placement.gateways[name] ?? ""), OUTSIDE];
}

/** An address for documentation (RFC 5737): nobody answers there, and with a way out the attempt does not fail at once. */
const OUTSIDE = "192.0.2.1";
