/** How an edge treats callers: `off` asks for no client certificate, `audit` lets everybody pass and says who, `strict` refuses. */
export type Enforcement = "off" | "audit" | "strict";

/** A permitted caller of a service, known by the full name in its client certificate. */
export interface CallerRule {
  /** `gate.dev.corp.test`: common name of the client certificate. */
  readonly full: string;
  /** How this caller is treated. */
  readonly enforcement: Enforcement;
}

/** Whether a listener with these callers asks for a client certificate, and refuses a handshake without one. */
export function clientVerification(callers: readonly CallerRule[]): "none" | "optional" | "required" {
  if (callers.every((caller) => caller.enforcement === "strict")) return "required";
  return callers.some((caller) => caller.enforcement !== "off") ? "optional" : "none";
}

/**
 * How a service that does its own TLS treats callers. One setting for all of them: a server asks for a certificate in the handshake,
 * before it knows who calls. So the weakest edge counts; nobody may call yet means that nobody is let in.
 */
export function contractEnforcement(callers: readonly CallerRule[]): Enforcement {
  if (callers.some((caller) => caller.enforcement === "off")) return "off";
  return callers.some((caller) => caller.enforcement === "audit") ? "audit" : "strict";
}

/** How a callee treats whoever connects: the handshake comes before anybody knows which edge it is. */
export function treatmentOf(
  callee: { readonly name: string; readonly tls: "entry" | "sidecar" | "own" },
  edges: readonly { readonly from: string; readonly to: string; readonly enforcement: Enforcement }[],
): Enforcement {
  const rules = edges
    .filter((edge) => edge.to === callee.name)
    .map((edge) => ({ full: edge.from, enforcement: edge.enforcement }));
  if (callee.tls === "own") return contractEnforcement(rules);
  return ({ none: "off", optional: "audit", required: "strict" } as const)[clientVerification(rules)];
}

/** `gate->orders`, as in `gatehouse:mtls.edges`. */
export function edgeName(edge: { readonly from: string; readonly to: string }): string {
  return `${edge.from}->${edge.to}`;
}
