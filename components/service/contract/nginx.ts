import { contractEnforcement } from "../../trust/enforcement";
import { callerNames, ENTRY_HEADERS, summary, TRUST, VERIFY_DEPTH, type ContractModel } from "./model";

/**
 * `/trust/mtls.nginx.conf`, for `server { }`: asks callers for their certificate, and lets in whom the graph names.
 * Sets `$gatehouse_caller`: the caller's full name when its certificate was verified, else `none`.
 */
export function renderNginx(model: ContractModel): string {
  const enforcement = contractEnforcement(model.callers);
  return lines([
    "# Written by Gatehouse, for `server { }`. What it sets must not be set beside it.",
    `# ${summary(model)}`,
    ...verification(model),
    "# A header with an underscore passes for one with a hyphen in many frameworks: nginx drops it.",
    "underscores_in_headers off;",
    "ignore_invalid_headers on;",
    ...(enforcement === "audit" ? audit() : []),
    "",
    "# The caller's full name, when its certificate was verified.",
    "set $gatehouse_caller none;",
    'set $gatehouse_facts "$ssl_client_verify,$ssl_client_s_dn";',
    // The backslash is the one by which a subject's own commas are escaped (RFC 4514): what follows it is no name.
    String.raw`if ($gatehouse_facts ~ "^SUCCESS,(.*[^\\\\],)?CN=([^,+\\\\]+)(,|$)") { set $gatehouse_caller $2; }`,
    ...(enforcement === "strict" ? admission(model) : []),
    ...entryFacts(model),
    "# The proof of an update ends here, behind the admission: the application never sees it.",
    "if ($http_x_gatehouse_proof) { return 204; }",
  ]);
}

/**
 * `/trust/identity.nginx.conf`, for every `location { }` with a `proxy_pass`: tells the application who called.
 * Whatever the client sent under these names is replaced, or dropped where there is nothing to say.
 */
export function renderNginxIdentity(): string {
  return lines([
    "# Written by Gatehouse, for each `location { }` with a proxy_pass: a location with a proxy_set_header of its own takes",
    "# none from above. Needs mtls.nginx.conf in the server.",
    "proxy_set_header X-Gatehouse-Caller $gatehouse_caller;",
    "proxy_set_header X-Gatehouse-Caller-Verify $ssl_client_verify;",
    'proxy_set_header X-Gatehouse-Caller-TLS "$ssl_protocol/$ssl_cipher";',
    ...ENTRY_HEADERS.map((name) => `proxy_set_header ${name} ${entryVariable(name)};`),
  ]);
}

/**
 * `/trust/audit.nginx.conf`, for `server { }`: in audit, nginx by itself still answers 400 to a certificate that has
 * expired or is for servers. With this such a request goes to `location @application` too, and nobody is refused. In
 * `strict` there is nothing in it: an `error_page 495` of one's own would let everybody in.
 */
export function renderNginxAudit(model: ContractModel): string {
  return lines([
    "# Written by Gatehouse, for `server { }` with a `location @application { }`. Never write an error_page 495 by hand.",
    contractEnforcement(model.callers) === "audit"
      ? "error_page 495 = @application;"
      : "# Nothing: only an audit lets a bad certificate pass.",
  ]);
}

/**
 * Who may call, as an nginx map over the client certificate's subject (RFC 2253, `$ssl_client_s_dn`): one line
 * `"~(^|,)CN=gate\.dev\.corp\.test(,|$)" 1;` a caller.
 */
export function renderCallersMap(model: ContractModel): string {
  return callerNames(model)
    .map((full) => `"~(^|,)CN=${full.replaceAll(".", "\\.")}(,|$)" 1;\n`)
    .join("");
}

function verification(model: ContractModel): string[] {
  const enforcement = contractEnforcement(model.callers);
  if (enforcement === "off") return ["ssl_verify_client off;"];
  return [
    `ssl_verify_client ${enforcement === "strict" ? "on" : "optional_no_ca"};`,
    `ssl_client_certificate ${TRUST}/ca-chain.pem;`,
    `ssl_verify_depth ${VERIFY_DEPTH};`,
    ...(model.crl === undefined ? [] : [`ssl_crl ${TRUST}/${model.crl};`]),
  ];
}

function audit(): string[] {
  return [
    "# Names what is wrong with a certificate, and handshakes that fail.",
    "error_log stderr info;",
    "# What goes by audit.nginx.conf has passed none of the lines below.",
    "uninitialized_variable_warn off;",
  ];
}

/** Not one long pattern: nginx takes no more than 4096 bytes in one parameter. */
function admission(model: ContractModel): string[] {
  return [
    "set $gatehouse_permitted 0;",
    ...callerNames(model).map((full) => `if ($gatehouse_caller = ${full}) { set $gatehouse_permitted 1; }`),
    "if ($gatehouse_permitted = 0) { return 403; }",
  ];
}

function entryFacts(model: ContractModel): string[] {
  return [
    "# What the entry says about the public side is believed from the entry alone.",
    ...ENTRY_HEADERS.map((name) => `set ${entryVariable(name)} "";`),
    ...(model.entry === undefined
      ? []
      : [
          `if ($gatehouse_caller = ${model.entry}) {`,
          ...ENTRY_HEADERS.map((name) => `  set ${entryVariable(name)} $http_${snake(name)};`),
          "}",
        ]),
  ];
}

const snake = (name: string): string => name.toLowerCase().replaceAll("-", "_");
/** `X-Gatehouse-User` -> `$gatehouse_said_user` */
const entryVariable = (name: string): string => `$gatehouse_said_${snake(name.slice("X-Gatehouse-".length))}`;
const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join("");
