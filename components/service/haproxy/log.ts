import { clientVerification } from "../../trust/enforcement";
import type { SidecarModel } from "./model";

/** One JSON object a line. Values that a client chooses go through the `json` converter. */
function logLine(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([key, value]) => `"${key}":${value}`).join(",")}}`;
}

const common = (model: SidecarModel, direction: "in" | "out"): [string, string][] => [
  ["time", '"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"'],
  ["component", '"sidecar"'],
  ["service", `"${model.name}"`],
  ["direction", `"${direction}"`],
];

/**
 * Who called, and what came of the check: what an audit counts (components/trust/audit). `asks` is `none`, `optional` or
 * `required`: only where a certificate was asked for does its absence mean something.
 */
const peer = (model: SidecarModel): [string, string][] => [
  ["client", '"%ci"'],
  ["caller", '"%[ssl_c_s_dn(CN),json(utf8s)]"'],
  ["asks", `"${clientVerification(model.callers)}"`],
  ["presented", "%[ssl_c_used]"],
  ["verify", "%[ssl_c_verify]"],
  ["err", "%[ssl_c_err]"],
  ["caErr", "%[ssl_c_ca_err]"],
  ["alpn", ALPN],
  ["tls", '"%[ssl_fc_protocol]"'],
];
const ALPN = '"%[ssl_fc_alpn,json(utf8s)]"';

/** A TCP session in audit is logged when it begins: its length and its bytes are not known then. */
export const loggedAtStart = (model: SidecarModel): boolean =>
  model.protocol === "tcp" && clientVerification(model.callers) === "optional";

/** Whom a call went to, and why the connection to it failed: what a callee's certificate lacks stands here alone. */
const callee: [string, string][] = [
  ["callee", '"%b"'],
  ["reason", '"%[bc_err_str,json(utf8s)]: %[ssl_bc_err_str,json(utf8s)]"'],
];

export function httpLog(model: SidecarModel, direction: "in" | "out"): string {
  return logLine([
    ...common(model, direction),
    ...(direction === "in" ? peer(model) : callee),
    ["method", '"%[var(txn.method),json(utf8s)]"'],
    ["path", '"%[var(txn.path),json(utf8s)]"'],
    ["status", "%ST"],
    ["ms", "%Ta"],
    ["bytes", "%B"],
    ["end", '"%ts"'],
  ]);
}

export function tcpLog(model: SidecarModel, direction: "in" | "out"): string {
  return logLine([
    ...common(model, direction),
    ...(direction === "in" ? peer(model) : callee),
    ...(direction === "in" && loggedAtStart(model) ? [] : sizes),
    ["end", '"%ts"'],
  ]);
}
const sizes: [string, string][] = [
  ["ms", "%Tt"],
  ["bytes", "%B"],
];

/** A connection that ended in its handshake: who, and why. */
export function errorLog(model: SidecarModel): string {
  return logLine([
    ...common(model, "in"),
    ["event", '"refused"'],
    ["client", '"%ci"'],
    ["caller", '"%[ssl_c_s_dn(CN),json(utf8s)]"'],
    // There is no result of the check for a handshake that failed: who signed it, and its dates, say the rest.
    ["issuer", '"%[ssl_c_i_dn(CN),json(utf8s)]"'],
    ["notBefore", '"%[ssl_c_notbefore]"'],
    ["notAfter", '"%[ssl_c_notafter]"'],
    ["asks", `"${clientVerification(model.callers)}"`],
    ["alpn", ALPN],
    ["reason", '"%[fc_err_str,json(utf8s)]: %[ssl_fc_err_str,json(utf8s)]"'],
  ]);
}
