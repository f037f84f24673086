// What can go wrong with a hop: how each is produced for real, and what the doctor must say.
import type { FailureId } from "../../cli/doctor/failures";
import { makeCertificate, type Made, type Recipe } from "./certificates";
import { forged, makeList, type ListRecipe } from "./crl";
import { docker, type DoctorStack, type Files } from "./doctor-stack";

export interface Row {
  readonly what: string;
  /** Rows of different lanes do not meet, and are produced at the same time. */
  readonly lane: "back" | "front" | "outside";
  readonly harm: (it: DoctorStack) => Promise<unknown>;
  /** `fix`: by the docker command that the doctor names. */
  readonly heal: "fix" | ((it: DoctorStack) => Promise<unknown>);
  /** Every hop that must fail, with its failures; `skipped` for one that cannot be asked. Public hosts by name. */
  readonly fails: Readonly<Record<string, readonly (FailureId | "skipped")[]>>;
  /** The failure that the row is about, and its hop. */
  readonly about: readonly [string, FailureId];
  /** The hops that the doctor names as causes, where it is not that hop. */
  readonly causes?: readonly string[];
  /** The words of OpenSSL, Apache, HAProxy or the engine. */
  readonly seen?: RegExp;
  readonly fix: RegExp;
}

const CALL = "orders -> inventory";
const SITE = "gate -> site";
const OUT = "orders -> bank";
const OLD = { notBefore: "20250101000000Z", notAfter: "20250201000000Z" };
const FUTURE = { notBefore: "20400101000000Z", notAfter: "20410101000000Z" };

/** A sidecar or the entry serves with other files; its keeper does not know. */
const altered = (service: string, files: (it: DoctorStack) => Files | Promise<Files>, edit = ":") => ({
  harm: async (it: DoctorStack) => it.alter(service, await files(it), edit),
  heal: (it: DoctorStack) => it.restore(service),
});

const pair = ({ certificate, key }: Made): Files => ({ "server.crt": certificate, "server.key": key });

/** The callee's certificate is bad, and everybody sees it. */
const badServer = (
  what: string,
  id: FailureId,
  make: (it: DoctorStack) => Made,
  seen: RegExp,
  fix: RegExp = /gatehouse up/,
): Row => ({
  ...{ what, lane: "back", seen, fix },
  ...altered("inventory", (it) => pair(make(it))),
  fails: { inventory: ["files-altered", id], [CALL]: [id] },
  about: ["inventory", id],
});

/** The caller's certificate is bad: the callee refuses it, and the caller is at fault. */
const badClient = (what: string, id: FailureId, make: (it: DoctorStack) => Made, seen: RegExp): Row => ({
  ...{ what, lane: "back", seen, fix: /gatehouse up/ },
  ...altered("orders", (it) => {
    const { certificate, key } = make(it);
    const [leaf, ...rest] = certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
    return { "client.pem": [leaf, key, ...rest].join("") };
  }),
  fails: { orders: ["files-altered", id], [CALL]: [id] },
  about: ["orders", id],
});

const badBank = (
  what: string,
  id: FailureId,
  bank: Parameters<DoctorStack["bank"]>[0],
  seen: RegExp,
  fix: RegExp,
): Row => bankRow(what, id, () => bank, seen, fix);

const bankRow = (
  what: string,
  id: FailureId,
  make: (it: DoctorStack) => Parameters<DoctorStack["bank"]>[0],
  seen: RegExp,
  fix: RegExp,
): Row => ({
  ...{ what, lane: "outside", seen, fix },
  harm: (it) => it.bank(make(it)),
  heal: (it) => it.bank({}),
  fails: { [OUT]: [id] },
  about: [OUT, id],
});

const badSite = (what: string, id: FailureId, edit: string, seen: RegExp, fix: RegExp, reachable = false): Row => ({
  ...{ what, lane: "front", seen, fix },
  harm: (it) => it.site(edit),
  heal: (it) => it.siteAgain(),
  fails: { [SITE]: [id], ...(reachable ? {} : { "shop.localhost": ["entry-cannot-reach" as const] }) },
  about: [SITE, id],
});

const stopped = (
  what: string,
  name: string,
  id: FailureId,
  verb: string,
  hop: string,
  more: Row["fails"] = {},
): Row => ({
  ...{ what, lane: name.startsWith("site") ? "front" : "back" },
  harm: (it) => docker(...verb.split(" "), it.container(name)),
  heal: "fix",
  fails: { [hop]: [id], ...more },
  about: [hop, id],
  fix: new RegExp(`docker (start|unpause) ${name.replace(/^\w+/, "$&\\.\\w+")}`),
});

const inventoryLeaf = (it: DoctorStack, recipe: Partial<Recipe> = {}): Made =>
  it.leaf(it.full("inventory"), "serverAuth", recipe);
const ordersLeaf = (it: DoctorStack, recipe: Partial<Recipe> = {}): Made =>
  it.leaf(it.full("orders"), "clientAuth", recipe);

/** By the list's name alone: HAProxy takes whatever is in it. */
const CHECK_LISTS =
  "grep -q crl-file haproxy.cfg || sed -i '/^ *bind /s/verify required/crl-file crl.pem &/' haproxy.cfg";

/** Another release in the volume of the callee. */
const delivered = (what: string, id: FailureId, files: (it: DoctorStack) => Files, seen: RegExp, fix: RegExp): Row => ({
  ...{ what, lane: "back", seen, fix },
  harm: (it) => it.deliver("inventory", files(it)),
  heal: (it) => it.takeBack("inventory"),
  fails: { inventory: ["keeper-refused", id] },
  about: ["inventory", id],
});

/** The callee checks revocation by these lists; HAProxy takes them as they are. */
const lists = (
  what: string,
  id: FailureId,
  make: (it: DoctorStack) => string | Promise<string>,
  seen: RegExp,
): Row => ({
  ...{ what, lane: "back", seen, fix: /gatehouse up/ },
  ...altered("inventory", async (it) => ({ "crl.pem": await make(it) }), CHECK_LISTS),
  fails: { inventory: ["files-altered", id], [CALL]: [id] },
  about: ["inventory", id],
});

const listsOf = (it: DoctorStack, recipe: ListRecipe): string => makeList(it.intermediate, recipe) + makeList(it.root);

export const ROWS: readonly Row[] = [
  // The callee's certificate
  badServer(
    "the callee's certificate has expired",
    "expired",
    (it) => inventoryLeaf(it, OLD),
    /certificate has expired/,
  ),
  badServer(
    "the callee's certificate is not valid yet",
    "not-yet-valid",
    (it) => inventoryLeaf(it, FUTURE),
    /certificate is not yet valid/,
    /clocks/,
  ),
  badServer(
    "the callee's certificate is self-signed",
    "self-signed",
    (it) => inventoryLeaf(it, { issuer: undefined }),
    /self.signed certificate/,
    /look at who answers/,
  ),
  badServer(
    "the callee's certificate comes from a foreign authority",
    "unable-to-get-local-issuer",
    (it) => inventoryLeaf(it, { issuer: it.foreign }),
    /unable to get local issuer certificate/,
  ),
  badServer(
    "the callee does not send its intermediate",
    "unable-to-get-local-issuer",
    (it) => inventoryLeaf(it, { issuer: it.intermediate }),
    /unable to (get local issuer|verify the first) certificate/,
  ),
  badServer(
    "the callee's certificate carries another name",
    "hostname-mismatch",
    (it) => it.leaf("stock.corp.test", "serverAuth"),
    /hostname mismatch/,
  ),
  badServer(
    "the callee shows a client's certificate",
    "wrong-usage",
    (it) => it.leaf(it.full("inventory"), "clientAuth"),
    /unsuitable certificate purpose/,
  ),
  {
    what: "another service of the stack answers under the callee's name",
    lane: "back",
    ...altered("inventory", async (it) => ({
      "server.crt": await it.inside("orders", "cat /run/gatehouse/active/server.crt"),
      "server.key": await it.inside("orders", "cat /run/gatehouse/active/server.key"),
    })),
    fails: { inventory: ["files-altered", "hostname-mismatch"], [CALL]: ["wrong-virtual-host"] },
    about: [CALL, "wrong-virtual-host"],
    causes: ["inventory"],
    seen: /hostname mismatch \(OpenSSL error 62\)/,
    fix: /choose by SNI/,
  },

  // The caller's certificate
  badClient("the caller's certificate has expired", "expired", (it) => ordersLeaf(it, OLD), /certificate has expired/),
  badClient(
    "the caller's certificate comes from a foreign authority",
    "unable-to-get-local-issuer",
    (it) => ordersLeaf(it, { issuer: it.foreign }),
    /unable to get local issuer certificate/,
  ),
  badClient(
    "the caller shows a server's certificate",
    "wrong-usage",
    (it) => it.leaf(it.full("orders"), "serverAuth"),
    /unsuitable certificate purpose/,
  ),
  {
    what: "the caller comes under a name that is no caller's",
    lane: "back",
    ...altered("orders", (it) => {
      const { certificate, key } = it.leaf(it.full("nobody"), "clientAuth");
      return { "client.pem": certificate.replace(/(?<=-----END CERTIFICATE-----\n)/, key) };
    }),
    fails: { orders: ["files-altered"], [CALL]: ["caller-refused"] },
    about: [CALL, "caller-refused"],
    causes: ["orders"],
    seen: /status 403/,
    fix: /services\.orders\.calls/,
  },
  {
    what: "the caller's sidecar shows no certificate",
    lane: "back",
    ...altered("orders", () => ({}), "sed -i 's/ crt client.pem//' haproxy.cfg"),
    fails: { orders: ["files-altered"], [CALL]: ["no-client-certificate"] },
    about: [CALL, "no-client-certificate"],
    causes: ["orders"],
    seen: /peer did not return a certificate/,
    fix: /calls/,
  },

  {
    what: "files were changed in a container",
    lane: "back",
    harm: (it) => it.alter("orders", { "ca-chain.pem": it.root.certificate + it.foreign.certificate }),
    heal: "fix",
    fails: { orders: ["files-altered"] },
    about: ["orders", "files-altered"],
    seen: /ca-chain\.pem: FAILED/,
    fix: /docker restart orders\.\w+/,
  },

  // The callee's server
  {
    what: "the callee asks nobody for a certificate",
    lane: "back",
    ...altered(
      "inventory",
      () => ({}),
      "sed -i 's/ca-file ca-chain.pem verify required//; /deny_status 403/d' haproxy.cfg",
    ),
    fails: { inventory: ["files-altered"], [CALL]: ["not-enforced"] },
    about: [CALL, "not-enforced"],
    causes: ["inventory"],
    seen: /no client certificate was asked for/,
    fix: /docker restart inventory\.\w+/,
  },
  {
    what: "the callee speaks plain HTTP",
    lane: "back",
    ...altered("inventory", () => ({}), "sed -i 's/ ssl crt server.crt.*//' haproxy.cfg"),
    fails: { inventory: ["files-altered"], [CALL]: ["not-tls"] },
    about: [CALL, "not-tls"],
    causes: ["inventory"],
    seen: /wrong version number|record layer failure|packet length/,
    fix: /tls\.mode sidecar/,
  },

  // Revocation
  lists("the callee's revocation list has run out", "crl-stale", (it) => listsOf(it, { until: "20250201000000Z", from: "20250101000000Z" }), /CRL has expired/), // prettier-ignore
  lists(
    "a revocation list is missing",
    "crl-missing",
    (it) => makeList(it.intermediate),
    /unable to get certificate CRL/,
  ),
  lists("a revocation list is signed with another key", "crl-invalid", (it) => forged(makeList(it.intermediate)) + makeList(it.root), /CRL signature failure/), // prettier-ignore

  {
    what: "the caller's certificate is revoked",
    lane: "back",
    ...altered(
      "inventory",
      async (it) => {
        const certificate = await it.inside("orders", "openssl x509 -in /run/gatehouse/active/client.pem");
        return { "crl.pem": listsOf(it, { revoked: [{ certificate, key: "" }] }) };
      },
      CHECK_LISTS,
    ),
    fails: { inventory: ["files-altered"], [CALL]: ["revoked"] },
    about: [CALL, "revoked"],
    causes: [CALL, "inventory"],
    seen: /certificate revoked \(OpenSSL error 23\)/,
    fix: /gatehouse:revoked/,
  },

  // Releases that a keeper does not take: what was served goes on serving
  delivered("a release comes with a key of another pair", "key-mismatch", () => ({ "server.key": makeCertificate({ commonName: "x", extensions: [] }).key }), /the key does not fit the certificate/, /delivered together/), // prettier-ignore
  delivered("a release comes with an expired certificate", "expired", (it) => pair(inventoryLeaf(it, OLD)), /has expired at 2025-02-01/, /gatehouse up/), // prettier-ignore
  delivered("a release comes with a revocation list that has run out", "crl-stale", (it) => ({ "crl.pem": listsOf(it, { until: "20250201000000Z", from: "20250101000000Z" }) }), /has run out at 2025-02-01/, /gatehouse up/), // prettier-ignore

  // Containers
  stopped("the callee's sidecar is stopped", "inventory", "container-down", "stop --time 5", "inventory", {
    [CALL]: ["skipped"],
  }),
  stopped(
    "its application is stopped, the sidecar runs",
    "inventory.app",
    "container-down",
    "stop --time 1",
    "inventory",
  ),
  stopped("its sidecar is paused", "inventory", "container-paused", "pause", "inventory", { [CALL]: ["skipped"] }),
  {
    what: "the application runs, and does not listen",
    lane: "back",
    harm: (it) => it.inside("inventory.app", "for p in /proc/[0-9]*; do [[ $p == /proc/1 ]] || ! grep -q 'inventory[.]py' $p/cmdline || kill ${p#/proc/}; done"), // prettier-ignore
    heal: (it) => docker("restart", "--time", "1", it.container("inventory.app")),
    fails: { inventory: ["application-down"] },
    about: ["inventory", "application-down"],
    seen: /Connection refused/,
    fix: /gatehouse:services\.inventory\.port/,
  },
  {
    what: "caller and callee share no network any more",
    lane: "back",
    harm: (it) => docker("network", "disconnect", it.container("inventory.edge"), it.container("orders")),
    heal: (it) => docker("network", "connect", it.container("inventory.edge"), it.container("orders")),
    fails: { [CALL]: ["name-unknown"] },
    about: [CALL, "name-unknown"],
    fix: /gatehouse up -- --refresh/,
  },

  // A server of one's own
  badSite("nginx lets callers in without a certificate", "not-enforced", "sed -i 's,include /trust/mtls.nginx.conf;,ssl_client_certificate /trust/ca-chain.pem; ssl_verify_client optional;,' site.conf", /status 200 without a client certificate/, /mtls\.nginx\.conf/, true), // prettier-ignore
  badSite("nginx knows no caller", "caller-refused", "sed 's/gate\\([\\.]\\)/nobody\\1/g' /trust/mtls.nginx.conf > mtls.conf; sed -i s,/trust/mtls.nginx.conf,mtls.conf, site.conf", /status 403/, /callers\.txt/, true), // prettier-ignore
  badSite("nginx speaks TLS 1.1 only", "tls-version", "sed -i 's/TLSv1.2 TLSv1.3/TLSv1.1/' tls.conf", /protocol version/, /TLS 1\.2 and 1\.3/), // prettier-ignore
  badSite("nginx speaks plain HTTP", "not-tls", "sed -i 's/8443 ssl/8443/' tls.conf", /wrong version number|record layer failure|packet length/, /tls\.port/), // prettier-ignore
  {
    ...badSite("nginx listens at another port", "connection-refused", "sed -i 's/8443 ssl/8444 ssl/' tls.conf", /Connection refused/, /docker logs site\.\w+/), // prettier-ignore
    fails: { site: ["unhealthy"], [SITE]: ["connection-refused"], "shop.localhost": ["entry-cannot-reach"] },
    causes: ["site"],
  },
  {
    ...badSite("nginx has a certificate of its own making", "self-signed", "sed -i 's,/trust/server,/run/demo/own,' tls.conf", /self.signed certificate/, /look at who answers/), // prettier-ignore
    harm: async (it: DoctorStack): Promise<void> => {
      const own = makeCertificate({
        commonName: it.full("site"),
        extensions: [`subjectAltName=DNS:${it.full("site")}`],
      });
      await it.inside("site", "cat > /run/demo/own.crt", own.certificate);
      await it.inside("site", "umask 077; cat > /run/demo/own.key", own.key);
      await it.site("sed -i 's,/trust/server,/run/demo/own,' tls.conf");
    },
  },
  {
    ...badSite("nginx has not taken the newest certificate", "certificate-differs", "", /./, /server reloads/, true),
    harm: async (it: DoctorStack): Promise<void> => {
      const other = it.leaf(it.full("site"), "serverAuth");
      await it.inside("site", "cat > /run/demo/own.crt", other.certificate);
      await it.inside("site", "umask 077; cat > /run/demo/own.key", other.key);
      await it.site("sed -i 's,/trust/server,/run/demo/own,' tls.conf");
    },
    seen: undefined,
  },
  stopped("the companion of nginx is down", "site.companion", "container-down", "stop --time 5", "site"),

  // The entry
  {
    what: "the entry does not know a public host",
    lane: "front",
    ...altered("gate", () => ({}), "sed -i 's/ServerName shop.localhost/ServerName elsewhere.localhost/' httpd.conf"),
    fails: { gate: ["files-altered"], "shop.localhost": ["wrong-virtual-host"] },
    about: ["shop.localhost", "wrong-virtual-host"],
    causes: ["gate"],
    fix: /gatehouse:proxy\.hosts/,
  },
  {
    what: "the entry's public certificate has expired",
    lane: "front",
    ...altered("gate", (it) => {
      const { certificate, key } = it.leaf("shop.localhost", "serverAuth", OLD);
      return { "public-1.crt": certificate, "public-1.key": key };
    }),
    fails: { gate: ["files-altered"], "shop.localhost": ["expired"] },
    about: ["shop.localhost", "expired"],
    causes: ["gate"],
    seen: /CERT_HAS_EXPIRED/,
    fix: /gatehouse up/,
  },
  {
    what: "the entry speaks TLS 1.1 only",
    lane: "front",
    ...altered(
      "gate",
      () => ({}),
      "sed -i 's/^SSLProtocol .*/SSLProtocol -all +TLSv1.1/; s/^SSLCipherSuite .*/SSLCipherSuite ALL:@SECLEVEL=0/' httpd.conf",
    ),
    fails: { gate: ["files-altered"], "shop.localhost": ["tls-version"], "echo.localhost": ["tls-version"] },
    about: ["shop.localhost", "tls-version"],
    causes: ["gate"],
    seen: /protocol version|unsupported protocol/,
    fix: /1\.2 and 1\.3/,
  },
  {
    what: "the entry shows no certificate to a service",
    lane: "front",
    ...altered("gate", () => ({}), "sed -i '/SSLProxyMachineCertificateFile/d' httpd.conf"),
    // To orders too, where the edge is in audit and everybody passes.
    fails: { gate: ["files-altered"], "shop.localhost": ["no-client-certificate"] },
    about: ["shop.localhost", "no-client-certificate"],
    causes: ["gate"],
    seen: /AH02268: .* downstream server wanted client certificate/,
    fix: /route of the entry/,
  },
  {
    what: "the entry trusts another authority",
    lane: "front",
    ...altered("gate", (it) => ({ "ca-chain.pem": it.foreign.certificate })),
    fails: {
      gate: ["files-altered", "unable-to-get-local-issuer", "unable-to-get-local-issuer"],
      "gate -> orders": ["unable-to-get-local-issuer"],
      [SITE]: ["unable-to-get-local-issuer"],
      "shop.localhost": ["entry-cannot-reach", "entry-cannot-reach"],
      "echo.localhost": ["entry-cannot-reach"],
    },
    about: ["shop.localhost", "entry-cannot-reach"],
    causes: ["gate"],
    seen: /AH02276: Certificate Verification: Error/,
    fix: /docker logs gate\.\w+ has Apache/,
  },

  // A server outside
  bankRow("the outside server's certificate has expired", "expired", (it) => ({ leaf: it.bankLeaf(OLD) }), /certificate has expired/, /whoever runs it/), // prettier-ignore
  bankRow("the outside server's certificate is self-signed", "self-signed", (it) => ({ leaf: it.bankLeaf({ issuer: undefined }) }), /self.signed certificate/, /external\.bank\.caFile/), // prettier-ignore
  bankRow("the outside server's certificate comes from an authority that is not in caFile", "unable-to-get-local-issuer", (it) => ({ leaf: it.bankLeaf({ issuer: it.foreign }) }), /unable to get local issuer certificate/, /external\.bank\.caFile/), // prettier-ignore
  bankRow("the outside server's certificate is for another name", "hostname-mismatch", (it) => ({ leaf: it.bankLeaf({ extensions: ["subjectAltName=DNS:other.test", "extendedKeyUsage=serverAuth"] }) }), /hostname mismatch/, /external\.bank\.host/), // prettier-ignore
  bankRow("the outside server has an RSA key of 1024 bits", "weak-certificate", (it) => ({ leaf: it.bankLeaf({ key: "rsa:1024" }), options: "-cipher DEFAULT@SECLEVEL=0" }), /key too weak/, /2048/), // prettier-ignore
  badBank("the outside server speaks TLS 1.1 only", "tls-version", { options: "-tls1_1 -cipher DEFAULT@SECLEVEL=0" }, /protocol version/, /whoever runs it/), // prettier-ignore
  badBank("the outside server demands a client certificate", "no-client-certificate", { options: "-Verify 4" }, /certificate required/, /external\.bank\.clientCertificate: true/), // prettier-ignore
  badBank("the outside server speaks no TLS", "not-tls", { command: PLAIN() }, /wrong version number|record layer failure|packet length/, /external\.bank\.port/), // prettier-ignore
  badBank("nothing listens at the outside server", "connection-refused", { command: "true" }, /Connection refused/, /external\.bank\.port/), // prettier-ignore
  {
    what: "the outside server's name leads nowhere",
    lane: "outside",
    harm: (it) => it.unplugBank(),
    heal: (it) => it.plugBank(),
    fails: { [OUT]: ["name-unknown"] },
    about: [OUT, "name-unknown"],
    fix: /external\.bank\.host/,
  },
];

/** A server that answers every client hello in plain text. */
function PLAIN(): string {
  return `perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 8443, Listen => 9, ReuseAddr => 1); while (my $c = $s->accept) { sysread $c, my $x, 4096; print $c "HTTP/1.1 400 Bad Request\\r\\n\\r\\n"; close $c }'`;
}

/** Rows of different lanes side by side: each round is one look of the doctor. */
export function rounds(rows: readonly Row[]): Row[][] {
  const lanes = (["back", "front", "outside"] as const).map((lane) => rows.filter((it) => it.lane === lane));
  const length = Math.max(...lanes.map((it) => it.length));
  return Array.from({ length }, (_, index) => lanes.flatMap((lane) => lane[index] ?? []));
}
