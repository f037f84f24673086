import type { Circumstances, Sentence } from "./failures";
import { bareName } from "./names";

const by = (it: Circumstances): string => (it.by ? `${it.by} finds: ` : "");
const container = (it: Circumstances): string => it.container ?? it.whose;
const outside = (it: Circumstances, there: string, here: string): string => (it.outside ? there : here);
const bare = (it: Circumstances): string => bareName(it.whose);

/** One sentence and one fix for each failure: a command, or a key of the configuration. */
export const FAILURES = {
  // Containers
  "container-missing": {
    says: (it) => `there is no container ${container(it)}`,
    fix: () => "gatehouse up; if it changes nothing, gatehouse up -- --refresh",
  },
  "container-down": {
    says: (it) => `the container ${container(it)} does not run${it.detail ? ` (${it.detail})` : ""}`,
    fix: (it) => `docker logs ${container(it)} says why it ended; docker start ${container(it)} starts it again`,
  },
  "container-paused": {
    says: (it) => `the container ${container(it)} is paused`,
    fix: (it) => `docker unpause ${container(it)}`,
  },
  "container-restarting": {
    says: (it) => `the container ${container(it)} ends again and again${it.detail ? ` (${it.detail})` : ""}`,
    fix: (it) => `docker logs ${container(it)} says why; it is started anew each time`,
  },
  unhealthy: {
    says: (it) => `the health check of ${container(it)} fails`,
    fix: (it) => `docker logs ${container(it)} says more; docker restart ${container(it)} if it hangs`,
  },
  "application-down": {
    says: (it) => `the application of ${it.whose} does not listen at ${it.expected ?? "its port"} in its cell`,
    fix: (it) =>
      `docker logs ${container(it)} says why; it must listen on 0.0.0.0, at the port in gatehouse:services.${it.whose}.port`,
  },
  "application-fails": {
    says: (it) => `the application behind ${it.whose} answers ${it.detail ?? "with an error"}; the way to it works`,
    fix: (it) => `gatehouse logs --service ${it.blames ?? it.whose}; docker logs of its container says more`,
  },

  // Releases and the files of a container
  "keeper-silent": {
    says: (it) => `the keeper in ${container(it)} does not answer`,
    fix: (it) => `docker restart ${container(it)}; docker logs ${container(it)} says more`,
  },
  "keeper-refused": {
    says: (it) => `the keeper in ${container(it)} refuses the release that was delivered`,
    fix: () => "mend what the reason names and run gatehouse up; what was served before goes on serving",
  },
  "keeper-pending": {
    says: (it) => `the keeper in ${container(it)} waits for the rest of a release`,
    fix: () => "wait half a minute and ask again; if it stays, gatehouse up delivers it anew",
  },
  "release-differs": {
    says: (it) =>
      `${container(it)} serves another release than the stack's last successful update delivered (${it.detail ?? "none"}, not ${it.expected ?? "?"})`,
    fix: () => "gatehouse up, which delivers and waits until it is served; an update may be running right now",
  },
  "files-altered": {
    says: (it) => `files that ${container(it)} serves with are not those of its release: ${it.detail ?? "?"}`,
    fix: (it) =>
      it.expected === "the volume"
        ? "raise gatehouse:authority.reissue by one and run gatehouse up, which delivers new files; find out who writes into the volume"
        : `docker restart ${container(it)}, which takes the release from the volume anew; find out who changed them`,
  },
  "certificate-differs": {
    says: (it) =>
      `${by(it)}the certificate of ${it.whose} is another than the stack's last update issued (${it.detail ?? "?"}, not ${it.expected ?? "?"})`,
    fix: () => "gatehouse up, which issues and delivers what is due; then see that its server reloads",
  },
  "key-mismatch": {
    says: (it) => `the private key in ${container(it)} does not belong to its certificate`,
    fix: () =>
      "key and certificate are delivered together: gatehouse up delivers a pair; files of your own must be the pair that was made together",
  },

  // Certificates
  "unable-to-get-local-issuer": {
    says: (it) =>
      `${by(it)}the issuer of the certificate of ${it.whose} is unknown, or an intermediate is missing from what it sends`,
    fix: (it) =>
      outside(
        it,
        `put the root that ${it.whose} really leads to into gatehouse:external.${it.whose}.caFile; or its server sends no intermediate`,
        "gatehouse up, so that certificate and bundle come from one authority; server.crt holds the leaf and then the intermediates, ca-chain.pem the root",
      ),
  },
  "self-signed": {
    says: (it) => `${by(it)}the certificate of ${it.whose} is self-signed, or ends at a root that is not trusted here`,
    fix: (it) =>
      outside(
        it,
        `look at who answers at ${it.expected ?? it.whose}; if it is right, name its root in gatehouse:external.${it.whose}.caFile`,
        `look at who answers under this name: something else than ${bare(it)} may; then gatehouse up`,
      ),
  },
  "hostname-mismatch": {
    says: (it) => `${by(it)}the certificate of ${it.whose} is not for the name ${it.expected ?? it.whose}`,
    fix: (it) =>
      outside(
        it,
        `gatehouse:external.${it.whose}.host must be a name in its certificate`,
        "each service has its own certificate with its own names: gatehouse up; gatehouse trust --json lists the names",
      ),
  },
  "wrong-virtual-host": {
    says: (it) =>
      `${by(it)}asked for ${it.expected ?? it.whose}, but got the certificate of ${it.detail ?? "another name"}`,
    fix: () =>
      "name the host under gatehouse:proxy.hosts, and let clients send it in SNI and Host (never an address); a server of your own has to choose by SNI",
  },
  expired: {
    says: (it) => `${by(it)}the certificate of ${it.whose} has expired${it.detail ? ` (at ${it.detail})` : ""}`,
    fix: (it) =>
      outside(
        it,
        "whoever runs it has to renew it; until then its callers get 503",
        "gatehouse up, which renews it; then see why no update ran in time (gatehouse:authority.updateInterval), and that the clocks are right",
      ),
  },
  "not-yet-valid": {
    says: (it) =>
      `${by(it)}the certificate of ${it.whose} is not yet valid${it.detail ? ` (it begins at ${it.detail})` : ""}`,
    fix: () =>
      "set the clocks right (timedatectl shows them), on this machine and on the one that issued it; then gatehouse up",
  },
  "wrong-usage": {
    says: (it) =>
      `${by(it)}the certificate of ${it.whose} is not for this use: a server's shown by a caller, or a caller's by a server`,
    fix: (it) =>
      outside(
        it,
        "whoever runs it has to give it a certificate with the extended key usage serverAuth",
        "server and client certificates are different files (server.crt, client.pem), do not exchange them; gatehouse up delivers both",
      ),
  },
  "weak-certificate": {
    says: (it) => `${by(it)}the certificate of ${it.whose} has a key or signature that is too weak`,
    fix: () => "issue it again with ECDSA P-256 or RSA of 2048 bits or more, signed with SHA-256",
  },
  "invalid-authority": {
    says: (it) => `${by(it)}an issuer in the chain of ${it.whose} may not issue certificates (CA flag or path length)`,
    fix: () =>
      "the issuing certificate needs basicConstraints CA:TRUE and keyCertSign, and the root a path length of 1 or more (gatehouse:authority.existing)",
  },

  // Revocation
  revoked: {
    says: (it) => `${by(it)}the certificate of ${it.whose} is revoked`,
    fix: () =>
      "run gatehouse up, which gives a service of the stack a new one; if it was a mistake, take its entry out of gatehouse:revoked first",
  },
  "crl-missing": {
    says: (it) =>
      `the revocation list (CRL) of an authority is missing in ${container(it)}: without it everybody of that authority is refused`,
    fix: () => "gatehouse up, which delivers one for each authority of the chain in crl.pem",
  },
  "crl-stale": {
    says: (it) =>
      `a revocation list (CRL) in ${container(it)} has run out or begins in the future: with it everybody is refused, good certificates too`,
    fix: () =>
      "gatehouse up, which signs and delivers a new one; let updates run more often than a list lives, and see that the clocks are right",
  },
  "crl-invalid": {
    says: (it) => `a revocation list (CRL) in ${container(it)} is not signed by the authority that it speaks for`,
    fix: () => "gatehouse up, which signs and delivers lists of the authorities in the chain",
  },

  // Who may call
  "no-client-certificate": {
    says: (it) => `${by(it)}${it.whose} demands a client certificate, and none was sent`,
    fix: (it) =>
      it.outside
        ? `gatehouse:external.${it.whose}.clientCertificate: true, then gatehouse up`
        : `name ${it.whose} under gatehouse:services.${it.by ?? "<caller>"}.calls (or as a route of the entry) and run gatehouse up: then the caller shows its client.pem`,
  },
  "not-enforced": {
    says: (it) => `${it.whose} lets callers in that show no client certificate, though it must refuse them`,
    fix: (it) =>
      `gatehouse up, or docker restart ${container(it)} if its files were changed; a server of your own has to include /trust/mtls.nginx.conf or mtls.apache.conf, or do what /trust/mtls.json says`,
  },
  "not-audited": {
    says: (it) =>
      `${it.whose} asks its callers for no client certificate, though the edge is in audit: nobody is counted`,
    fix: (it) =>
      `gatehouse up, or docker restart ${container(it)} if its files were changed; a server of your own has to include /trust/mtls.nginx.conf or mtls.apache.conf`,
  },
  "caller-refused": {
    says: (it) => `${it.whose} refuses the caller ${it.by ?? "?"}`,
    fix: (it) =>
      `name ${it.whose} under gatehouse:services.${it.by ?? "<caller>"}.calls (or as a route of the entry) and run gatehouse up, so that both agree on it; a server of your own takes its callers from /trust (mtls.nginx.conf, callers.txt)`,
  },

  // The connection
  "tls-version": {
    says: (it) => `${by(it)}${it.whose} and its caller have no TLS version in common; 1.2 and 1.3 are accepted`,
    fix: (it) =>
      outside(
        it,
        "whoever runs it has to let it accept TLS 1.2 or 1.3",
        "let a server of your own accept TLS 1.2 and 1.3",
      ),
  },
  "cipher-mismatch": {
    says: (it) => `${by(it)}${it.whose} and its caller have no cipher in common, or it has no certificate to show`,
    fix: () => "let a server of your own accept ECDHE with AES-GCM or ChaCha20, and give it the files in /trust",
  },
  "not-tls": {
    says: (it) => `${by(it)}${it.whose} does not speak TLS on this port`,
    fix: (it) =>
      it.outside
        ? `gatehouse:external.${it.whose}.port must be the one on which it does`
        : `give the port on which it does (gatehouse:services.${it.whose}.tls.port), or tls.mode sidecar to a service that speaks plain HTTP`,
  },
  "name-unknown": {
    says: (it) => `${by(it)}the name ${it.expected ?? it.whose} leads nowhere`,
    fix: (it) =>
      it.outside
        ? `gatehouse:external.${it.whose}.host must be a name that DNS knows; see the DNS of this machine`
        : `see that ${it.whose} runs (docker ps) and shares a network with its caller; gatehouse up -- --refresh joins the networks again`,
  },
  "connection-refused": {
    says: (it) => `${by(it)}nothing listens at ${it.expected ?? it.whose}`,
    fix: (it) =>
      it.outside
        ? `start it, or correct gatehouse:external.${it.whose}.port`
        : `docker logs ${container(it)} says why its server is not up`,
  },
  "no-answer": {
    says: (it) => `${by(it)}${it.expected ?? it.whose} does not answer`,
    fix: (it) =>
      it.outside
        ? "see that it is up and that a firewall lets this machine out to it"
        : `docker logs ${container(it)} says more; a firewall of the host between Docker networks can cause it too`,
  },
  "path-broken": {
    says: (it) =>
      `${it.by ?? "the caller"} itself does not reach ${it.whose} (${it.detail ?? "no answer"}), though a handshake with its files works`,
    fix: (it) =>
      `docker restart ${container(it)}, which reads its release anew; gatehouse logs --service ${it.by ?? it.whose}`,
  },

  // The entry
  "not-published": {
    says: (it) => `the entry ${container(it)} publishes no HTTPS port on this machine`,
    fix: () => "set gatehouse:proxy.httpsPort and run gatehouse up",
  },
  "entry-cannot-reach": {
    says: (it) => `the entry answers ${it.detail ?? "with an error"} for ${it.whose}: it does not reach the service`,
    fix: (it) =>
      `see the hops from the entry; docker logs ${container(it)} has Apache's words, gatehouse logs --service ${it.by ?? "gate"} the requests`,
  },

  unexplained: {
    says: (it) => `${by(it)}the handshake with ${it.whose} fails`,
    fix: (it) => `docker logs ${container(it)} may say more; please report it, so that it gets a name`,
  },
} satisfies Record<string, Sentence>;
