import type { Check, ProofMember } from "./plan";

/** A check before it has its number: what to ask, as the fields of a line for gatehouse-prove. */
export type Unnumbered = Omit<Check, "id" | "line"> & {
  readonly kind: string;
  readonly fields: readonly (string | number)[];
};

export const BUNDLE = "ca-chain.pem";
export const CLIENT = "client.pem";
/** A certificate and its key in two files. */
export const SERVER = "server.crt+server.key";
export const SIDECAR = "sidecar.cell";

/** A handshake with a member; the request that follows is answered behind its admission. */
export function handshake(
  callee: ProofMember,
  ask: {
    readonly name?: string;
    readonly bundle?: string;
    readonly client?: string;
    readonly fingerprint?: string;
    readonly expect: string;
  },
): Pick<Unnumbered, "kind" | "fields"> {
  const protocol = `${callee.tls === "own" ? "plain-" : ""}${callee.protocol}`;
  const { name = callee.full, bundle = BUNDLE, client = "-", fingerprint = "-", expect } = ask;
  return { kind: "tls", fields: [callee.full, callee.port, name, bundle, client, fingerprint, protocol, expect] };
}
