import { contractEnforcement } from "../../trust/enforcement";
import { callerNames, ENTRY_HEADERS, summary, TRUST, VERIFY_DEPTH, type ContractModel } from "./model";

/**
 * `/trust/mtls.apache.conf`, for `<VirtualHost>`: asks callers for their certificate, and lets in whom the graph names.
 * `<If>` is merged after every `<Location>`, so no `Require` of the application's own can open what this closes.
 */
export function renderApache(model: ContractModel): string {
  const enforcement = contractEnforcement(model.callers);
  return lines([
    "# Written by Gatehouse, for <VirtualHost>. What it sets must not be set beside it.",
    `# ${summary(model)}`,
    ...verification(model),
    ...(enforcement === "audit"
      ? [
          "# Names the handshakes that fail: Apache ends those of a caller with an expired certificate here too.",
          "LogLevel ssl:info",
        ]
      : []),
    ...(enforcement === "strict" ? admission(model) : []),
    "# The proof of an update ends here, behind the admission: the application never sees it.",
    "<IfModule alias_module>",
    `  <If "-n req('X-Gatehouse-Proof')">`,
    "    Redirect 204",
    "  </If>",
    "</IfModule>",
  ]);
}

/**
 * `/trust/identity.apache.conf`, for `<VirtualHost>`, with mod_headers and mod_setenvif: tells the application who
 * called. Whatever the client sent under these names is removed before, in every spelling.
 */
export function renderApacheIdentity(model: ContractModel): string {
  const verified = `%{SSL_CLIENT_VERIFY} == 'SUCCESS'`;
  const entry = model.entry === undefined ? undefined : `${verified} && %{SSL_CLIENT_S_DN_CN} == '${model.entry}'`;
  return lines([
    "# Written by Gatehouse, for <VirtualHost>; needs mod_headers and mod_setenvif. Use no other RequestHeader for these names.",
    "# A client could have headers of ours removed by naming them in Connection: one word is left of it.",
    String.raw`RequestHeader edit Connection "(?i)^.*\bclose\b.*$" close early`,
    'RequestHeader edit Connection "(?i)^(?!close$).*$" keep-alive early',
    "# Look-alikes, which applications read as the same name, are refused.",
    'SetEnvIfNoCase "^(X_Gatehouse[-_]|X-Gatehouse_|X-Gatehouse-[a-z0-9-]*_)" ".+" gatehouse_forged',
    "<If \"-n reqenv('gatehouse_forged')\">",
    "  Require all denied",
    "</If>",
    "RequestHeader unset X-Gatehouse-Caller early",
    "RequestHeader unset X-Gatehouse-Caller-Verify early",
    "RequestHeader unset X-Gatehouse-Caller-TLS early",
    "RequestHeader set X-Gatehouse-Caller none",
    `RequestHeader set X-Gatehouse-Caller "%{SSL_CLIENT_S_DN_CN}s" "expr=${verified}"`,
    'RequestHeader set X-Gatehouse-Caller-Verify "%{SSL_CLIENT_VERIFY}s"',
    'RequestHeader set X-Gatehouse-Caller-TLS "%{SSL_PROTOCOL}s/%{SSL_CIPHER}s"',
    "# What the entry says about the public side is believed from the entry alone.",
    ...ENTRY_HEADERS.map((name) => `RequestHeader unset ${name}${entry === undefined ? "" : ` "expr=!(${entry})"`}`),
  ]);
}

function verification(model: ContractModel): string[] {
  const enforcement = contractEnforcement(model.callers);
  if (enforcement === "off") return ["SSLVerifyClient none"];
  return [
    `SSLVerifyClient ${enforcement === "strict" ? "require" : "optional_no_ca"}`,
    `SSLCACertificateFile "${TRUST}/ca-chain.pem"`,
    `SSLVerifyDepth ${VERIFY_DEPTH}`,
    ...(model.crl === undefined ? [] : ["SSLCARevocationCheck chain", `SSLCARevocationFile "${TRUST}/${model.crl}"`]),
  ];
}

function admission(model: ContractModel): string[] {
  const names = callerNames(model).map((full) => `'${full}'`);
  const stranger = names.length === 0 ? "true" : `!(%{SSL_CLIENT_S_DN_CN} in { ${names.join(", ")} })`;
  return [`<If "${stranger}">`, "  Require all denied", "</If>"];
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join("");
