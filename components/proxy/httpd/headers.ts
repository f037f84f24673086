/** Headers that say who somebody is, or where a request came from: ours to say, in every spelling. */
const STRIPPED = [
  "Forwarded",
  "Proxy",
  // Of one connection alone.
  "Keep-Alive",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-Server",
  "X-Forwarded-Ssl",
  "X-Real-IP",
  "X-Request-Id",
  // Frameworks, other proxies and single sign-on believe these about the address, the user or the path.
  "X-Forwarded-Access-Token",
  "X-Forwarded-By",
  "X-Forwarded-Client-Cert",
  "X-Forwarded-Email",
  "X-Forwarded-Groups",
  "X-Forwarded-Path",
  "X-Forwarded-Preferred-Username",
  "X-Forwarded-Prefix",
  "X-Forwarded-Scheme",
  "X-Forwarded-Uri",
  "X-Forwarded-User",
  "X-Auth-Request-User",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Host",
  "X-Original-Host",
  "X-Original-URL",
  "X-Remote-User",
  "X-Rewrite-URL",
  "X-WebAuth-User",
  "Client-IP",
  "Front-End-Https",
  "Remote-User",
  "True-Client-IP",
  "Via",
  "X-Gatehouse-Caller",
  "X-Gatehouse-Caller-Verify",
  "X-Gatehouse-Caller-TLS",
  "X-Gatehouse-Entry-TLS",
  "X-Gatehouse-Entry-Host",
];

/** Who somebody is: ours to say, and what single sign-on and frameworks believe. */
const IDENTITY = [
  "X[-_]Gatehouse[-_]",
  "OIDC[-_]",
  "(?:X[-_])?(?:SSL[-_])?Client[-_](?:DN|S[-_]DN|I[-_]DN|CN|Verify|Cert|Certificate|SAN|Serial|Fingerprint)$",
];

/** Where a request came from, with an underscore somewhere. */
const LOOK_ALIKES = [
  "X_Forwarded[-_]",
  "X-Forwarded_",
  "X-Forwarded-[a-z-]*_",
  "X_Real[-_]IP",
  "X-Real_IP",
  "X_Request[-_]Id",
  "X-Request_Id",
  "X_(?:Auth|Client|Cluster|Host|Original|Remote|Rewrite|WebAuth)",
  "X-(?:Auth|Client|Cluster|Original|Remote|Rewrite|WebAuth)[a-z-]*_",
  "(?:Client|Remote|True|Front)[a-z-]*_",
];

/** What a client may not say: taken out, or refused where frameworks would read it as a name of ours. */
export function incomingHeaders(): string[] {
  return [
    "# A client could name headers of ours in Connection and have them removed on the way: only the one word that is",
    "# about its own connection is left of it.",
    String.raw`RequestHeader edit Connection "(?i)^.*\bclose\b.*$" close early`,
    'RequestHeader edit Connection "(?i)^(?!close$).*$" keep-alive early',
    ...STRIPPED.map((name) => `RequestHeader unset ${name} early`),
    "# Names of ours from outside, and look-alikes that many frameworks read as the same name (X_Forwarded_For): refused.",
    "# Two expressions, since each is tried on every header. Not .*: that matches no header too.",
    `SetEnvIfNoCase "^(?:${IDENTITY.join("|")})" ".+" gatehouse_forged=identity`,
    `SetEnvIfNoCase "^(?:${LOOK_ALIKES.join("|")})" ".+" gatehouse_forged=forwarded`,
    'RequestHeader set X-Request-Id "%{UNIQUE_ID}e"',
    'RequestHeader set X-Gatehouse-Entry-TLS "%{SSL_PROTOCOL}s/%{SSL_CIPHER}s"',
  ];
}
