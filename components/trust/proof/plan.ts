import type { Enforcement } from "../enforcement";
import { edgeChecks, strangerChecks } from "./edges";
import { isolationChecks } from "./isolation";
import type { Unnumbered } from "./unnumbered";
import { hostChecks } from "./visitors";

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

/** A public host that asks people and devices for a certificate. */
export interface ProofHost {
  readonly host: string;
  /** Bare name of the entry. */
  readonly entry: string;
  readonly clients: "optional" | "required";
  /** File in the entry's release with the certificate that it shows for this host. */
  readonly chain: string;
}

/** Every check by the member that must run it. Pure and deterministic. */
export function planChecks(
  members: readonly ProofMember[],
  edges: readonly ProofEdge[],
  placement: Placement,
  hosts: readonly ProofHost[] = [],
): Map<string, Check[]> {
  const byName = new Map(members.map((member) => [member.name, member]));
  const plan = new Map<string, Check[]>();
  for (const member of members) {
    const own = edges.filter((edge) => edge.from === member.name);
    const checks = [
      ...own.flatMap((edge) => edgeChecks(member, edge, byName.get(edge.to), edges)),
      ...strangerChecks(member, edges),
      ...hosts.filter((host) => host.entry === member.name).flatMap((host) => hostChecks(member, host)),
      ...(member.tls === "sidecar" ? isolationChecks(member, edges, members, placement) : []),
    ];
    if (checks.length > 0) plan.set(member.name, number(member.name, checks));
  }
  return plan;
}

function number(name: string, checks: readonly Unnumbered[]): Check[] {
  return checks.map(({ kind, fields, ...rest }, index) => {
    const id = `${name}#${index}`;
    return { ...rest, id, line: [kind, id, ...fields].join("\t") };
  });
}
