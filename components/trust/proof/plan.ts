import type { Enforcement } from "../enforcement";

/** A service or the entry, as the proof needs it. */
export interface ProofMember {
  /** Bare name. */
  readonly name: string;
  readonly full: string;
  /** Docker's name of the container that holds its trust. */
  readonly container: string;
  readonly tls: "entry" | "sidecar" | "own";
  readonly protocol: "http" | "tcp";
  /** Port on which it takes TLS connections. */
  readonly port: number;
  /** Fingerprint of its server certificate. */
  readonly fingerprint: string;
  /** Group that reads its key; used when a probe must stand in for a service that does its own TLS. */
  readonly group: number;
}

/** A permitted call. */
export interface ProofEdge {
  readonly from: string;
  /** Name of a member, or of an external server. */
  readonly to: string;
  readonly enforcement: Enforcement;
  /** Port that the caller's application dials in its cell; absent where the caller has no sidecar. */
  readonly localPort?: number;
  /** Set for a server outside of the stack. */
  readonly external?: {
    readonly host: string;
    readonly port: number;
    readonly bundle: string;
    readonly clientCertificate: boolean;
  };
}

/** Where containers are: from the engine, since addresses are known only there. */
export interface Placement {
  /** Container name -> its addresses by network. */
  readonly addresses: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Network -> the address that the host has, or would have, on it. */
  readonly gateways: Readonly<Record<string, string>>;
}

/** One question to a prover, with what it means when it fails. */
export interface Check {
  readonly id: string;
  /** The edge or the place that it is about: `orders->inventory`. */
  readonly about: string;
  readonly claim: string;
  readonly fix: string;
  /** A line for gatehouse-prove (images/gate/proof). */
  readonly line: string;
}

/** Every check by the member that must run it. Pure and deterministic. */
export function planChecks(
  members: readonly ProofMember[],
  edges: readonly ProofEdge[],
  placement: Placement,
): Map<string, Check[]> {
  const byName = new Map(members.map((member) => [member.name, member]));
  const plan = new Map<string, Check[]>();
  for (const member of members) {
    const own = edges.filter((edge) => edge.from === member.name);
    const checks = [
      ...own.flatMap((edge) => edgeChecks(member, edge, byName.get(edge.to))),
      ...(member.tls === "sidecar" ? isolationChecks(member, edges, members, placement) : []),
    ];
    if (checks.length > 0) plan.set(member.name, number(member.name, checks));
  }
  return plan;
}

type Unnumbered = Omit<Check, "id" | "line"> & { readonly kind: string; readonly fields: readonly (string | number)[] };

function number(name: string, checks: readonly Unnumbered[]): Check[] {
  return checks.map(({ kind, fields, ...rest }, index) => {
    const id = `${name}#${index}`;
    return { ...rest, id, line: [kind, id, ...fields].join("\t") };
  });
}

function edgeChecks(caller: ProofMember, edge: ProofEdge, callee: ProofMember | undefined): Unnumbered[] {
  const about = `${edge.from}->${edge.to}`;
  if (edge.external) return [externalCheck(about, edge.external)];
  if (!callee) return [];
  const protocol = callee.protocol === "tcp" ? "tcp" : callee.tls === "own" ? "plain-http" : "http";
  const tls = (
    server: string,
    bundle: string,
    client: string,
    fingerprint: string,
    expect: string,
  ): Pick<Unnumbered, "kind" | "fields"> => ({
    kind: "tls",
    fields: [callee.full, callee.port, server, bundle, client, fingerprint, protocol, expect],
  });
  const strict = edge.enforcement === "strict";
  return [
    {
      about,
      claim: "the caller's certificate is accepted, and the callee's is the one that was issued",
      fix: `see \`gatehouse doctor ${edge.to}\``,
      ...tls(callee.full, BUNDLE, CLIENT, callee.fingerprint, "accepted"),
    },
    {
      about,
      claim: "a wrong name is refused",
      fix: `the certificate of ${edge.to} carries a name that is not its own: issue it again`,
      ...tls(`not-${callee.full}`, BUNDLE, CLIENT, "-", "untrusted"),
    },
    {
      about,
      claim: "an unknown authority is refused",
      fix: `the certificate of ${edge.to} is trusted without our root: look at what it presents`,
      ...tls(callee.full, "-", CLIENT, "-", "untrusted"),
    },
    {
      about,
      claim: strict
        ? "a caller without a certificate is refused"
        : `a caller without a certificate is let in (${edge.enforcement})`,
      fix: strict
        ? `${edge.to} does not enforce client certificates${callee.tls === "own" ? ": it does its own TLS, so switch it on there" : ""}`
        : `${edge.to} enforces more than the graph says`,
      ...tls(callee.full, BUNDLE, "-", "-", strict ? "refused" : "accepted"),
    },
    ...throughSidecar(about, caller, edge, callee),
  ];
}

/** The same path that the application takes: its sidecar verifies the callee by itself. */
function throughSidecar(about: string, caller: ProofMember, edge: ProofEdge, callee: ProofMember): Unnumbered[] {
  if (caller.tls !== "sidecar" || callee.protocol !== "http" || edge.localPort === undefined) return [];
  return [
    {
      about,
      claim: `${caller.name} reaches ${callee.name} by its plain name, through its sidecar`,
      fix: `see \`gatehouse doctor ${caller.name}\``,
      kind: "through",
      fields: [SIDECAR, edge.localPort, callee.name, callee.tls === "sidecar" ? callee.full : "-"],
    },
  ];
}

function externalCheck(about: string, external: NonNullable<ProofEdge["external"]>): Unnumbered {
  return {
    about,
    claim: "the outside server is verified by its own bundle",
    fix: "is it up, and is its CA bundle the right one?",
    kind: "tls",
    fields: [
      external.host,
      external.port,
      external.host,
      external.bundle,
      external.clientCertificate ? CLIENT : "-",
      "-",
      "tcp",
      "trusted",
    ],
  };
}

/** Docker's name of the network that isolation: shared makes (stacks/build.ts). */
const SHARED = /^shared\.[^.]+\.edge$/;

/** From a sidecar's place: no service that is no edge of it, no application of others, no host, no outside. */
function isolationChecks(
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

const BUNDLE = "ca-chain.pem";
const CLIENT = "client.pem";
const SIDECAR = "sidecar.cell";
/** An address for documentation (RFC 5737): nobody answers there, and with a way out the attempt does not fail at once. */
const OUTSIDE = "192.0.2.1";
