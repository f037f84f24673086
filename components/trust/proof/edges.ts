import { treatmentOf } from "../enforcement";
import type { ProofEdge, ProofMember } from "./plan";
import { CLIENT, handshake, SERVER, SIDECAR, type Unnumbered } from "./unnumbered";

/** What an edge accepts and refuses now. */
export function edgeChecks(
  caller: ProofMember,
  edge: ProofEdge,
  callee: ProofMember | undefined,
  edges: readonly ProofEdge[],
): Unnumbered[] {
  const about = `${edge.from}->${edge.to}`;
  if (edge.external) return [externalCheck(about, edge.external)];
  if (!callee) return [];
  return [
    {
      about,
      claim: "the caller's certificate is accepted, and the callee's is the one that was issued",
      fix: `see \`gatehouse doctor ${edge.to}\``,
      ...handshake(callee, { client: CLIENT, fingerprint: callee.fingerprint, expect: "accepted" }),
    },
    // About the callee alone, so one caller of it is enough; and one handshake for both, each being a process of its own.
    ...(edges.find((it) => it.to === edge.to) === edge
      ? [
          {
            about,
            claim: "a wrong name is refused, and so is an unknown authority",
            fix: `the certificate of ${edge.to} carries a name that is not its own, or is trusted without our root: issue it again`,
            ...handshake(callee, {
              name: `not-${callee.full}`,
              bundle: "-",
              client: CLIENT,
              expect: "untrusted=issuer+name",
            }),
          },
        ]
      : []),
    ...enforcementChecks(about, edge, callee, edges),
    ...throughSidecar(about, caller, edge, callee),
  ];
}

/** What the callee does with a caller that has no certificate, or a bad one: its own server certificate. */
function enforcementChecks(
  about: string,
  edge: ProofEdge,
  callee: ProofMember,
  edges: readonly ProofEdge[],
): Unnumbered[] {
  const listener = treatmentOf(callee, edges);
  const mode = listener === edge.enforcement ? listener : `${listener}, as another edge of ${edge.to} is`;
  const lax = `${edge.to} does not enforce client certificates${callee.tls === "own" ? ": it does its own TLS, so does it include /trust/mtls.*.conf?" : ""}`;
  const tooStrict = `${edge.to} enforces more than the graph says`;
  const none = (claim: string, fix: string, expect: string): Unnumbered => ({
    about,
    claim,
    fix,
    ...handshake(callee, { expect }),
  });
  const bad = (claim: string, fix: string, expect: string): Unnumbered => ({
    about,
    claim,
    fix,
    ...handshake(callee, { client: SERVER, expect }),
  });
  const refusesBad = bad("a server certificate is no client certificate, and refused", lax, "refused");
  switch (listener) {
    case "off":
      return [none(`no certificate is asked for (${mode})`, tooStrict, "unasked")];
    case "audit":
      return [
        none(`a certificate is asked for, and a caller without one is let in (${mode})`, tooStrict, "asked"),
        ...(callee.tls === "own"
          ? []
          : edge.enforcement !== "strict"
            ? [bad(`a caller with a bad certificate is let in (${mode})`, tooStrict, "accepted")]
            : // Where others may come without one, a strict caller is still held to its own; HTTP alone shows it.
              callee.protocol === "http"
              ? [refusesBad]
              : []),
      ];
    case "strict":
      return [none("a caller without a certificate is refused", lax, "refused"), refusesBad];
  }
}

/** A caller that is no edge, with a good certificate: the callee itself, where it calls others and so has one. */
export function strangerChecks(member: ProofMember, edges: readonly ProofEdge[]): Unnumbered[] {
  const calls = edges.filter(
    (edge) => edge.from === member.name && (!edge.external || edge.external.clientCertificate),
  );
  const called = edges.some((edge) => edge.to === member.name);
  if (member.tls === "entry" || member.protocol === "tcp" || calls.length === 0 || !called) return [];
  if (calls.some((edge) => edge.to === member.name) || treatmentOf(member, edges) !== "strict") return [];
  return [
    {
      about: member.name,
      claim: "a caller that is no edge is refused, though its certificate is good",
      fix: `${member.name} lets in whoever has a certificate of the authority: it must look at the caller's name`,
      ...handshake(member, { client: CLIENT, expect: "refused" }),
    },
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
      "plain-tcp",
      "trusted",
    ],
  };
}
