/** What can be wrong with a hop. The ids are stable: machines may rely on them. */
export type FailureId = keyof typeof FAILURES;

/** Who and what a sentence is about. */
export interface Circumstances {
  /** Whose certificate it is: `orders`, or `shop.localhost`. */
  readonly whose: string;
  /** Who found out: `gate`. */
  readonly by?: string;
  /** Docker's name of the container to look at. */
  readonly container?: string;
  /** The words of OpenSSL, the keeper or the engine. */
  readonly detail?: string;
  /** What was expected: a name, a release. */
  readonly expected?: string;
}

interface Words {
  readonly says: (it: Circumstances) => string;
  readonly fix: (it: Circumstances) => string;
}

const by = (it: Circumstances): string => (it.by ? `${it.by} finds: ` : "");
const container = (it: Circumstances): string => it.container ?? it.whose;
const reissue = (): string => "run gatehouse up, which issues and delivers what is due";

/** One sentence and one fix for each. */
const FAILURES = {
  "container-missing": {
    says: (it) => `there is no container ${container(it)}`,
    fix: () => "run gatehouse up; if it changes nothing, gatehouse up -- --refresh",
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
  "keeper-silent": {
    says: (it) => `the keeper in ${container(it)} does not answer${it.detail ? ` (${it.detail})` : ""}`,
    fix: (it) => `docker restart ${container(it)}; docker logs ${container(it)} says more`,
  },
  "keeper-refused": {
    says: (it) =>
      `the keeper in ${container(it)} refuses the release that was delivered: ${it.detail ?? "no reason given"}`,
    fix: () => "mend what the reason names and run gatehouse up; what was served before goes on serving",
  },
  "keeper-pending": {
    says: (it) => `the keeper in ${container(it)} waits for the rest of a release${it.detail ? `: ${it.detail}` : ""}`,
    fix: () => "wait half a minute and ask again; if it stays, run gatehouse up, which delivers it anew",
  },
  "release-differs": {
    says: (it) =>
      `${container(it)} serves another release than the stack's last successful update delivered (${it.detail ?? "none"}, not ${it.expected ?? "?"})`,
    fix: () => "run gatehouse up, which delivers and waits until it is served; an update may be running right now",
  },
  unhealthy: {
    says: (it) => `Docker's health check of ${container(it)} fails${it.detail ? `: ${it.detail}` : ""}`,
    fix: (it) => `docker logs ${container(it)} says more; docker restart ${container(it)} if it hangs`,
  },
  "unable-to-get-local-issuer": {
    says: (it) =>
      `${by(it)}the issuer of the certificate of ${it.whose} is unknown, or an intermediate is missing from what it sends`,
    fix: () =>
      "run gatehouse up, so that certificate and bundle come from one authority; the file server.crt holds the leaf and then the intermediates, the bundle the root",
  },
  "self-signed": {
    says: (it) => `${by(it)}the certificate of ${it.whose} is self-signed, or ends at a root that is not the stack's`,
    fix: (it) => `look at who answers under this name: something else than ${it.whose} may; then run gatehouse up`,
  },
  "hostname-mismatch": {
    says: (it) => `${by(it)}the certificate is not for the name ${it.expected ?? it.whose}`,
    fix: () =>
      "each service has its own certificate with its own names: run gatehouse up; see gatehouse trust --json, names",
  },
  "wrong-virtual-host": {
    says: (it) =>
      `${by(it)}asked for ${it.expected ?? it.whose}, but got the certificate of ${it.detail ?? "another name"}`,
    fix: () =>
      "name the host under gatehouse:proxy hosts, and let clients send it in SNI and Host; a server of your own has to choose by SNI",
  },
  expired: {
    says: (it) => `${by(it)}the certificate of ${it.whose} has expired${it.detail ? ` (${it.detail})` : ""}`,
    fix: () => "run gatehouse up, which renews it; then look at why no update ran in time, and at the clocks",
  },
  "not-yet-valid": {
    says: (it) => `${by(it)}the certificate of ${it.whose} is not yet valid${it.detail ? ` (${it.detail})` : ""}`,
    fix: () => "set the clocks right (NTP) on this machine and on the one that issued it",
  },
  "key-mismatch": {
    says: (it) =>
      `the private key in ${container(it)} does not belong to its certificate${it.detail ? ` (${it.detail})` : ""}`,
    fix: () =>
      "key and certificate are delivered together: run gatehouse up; files of your own must be the pair that was made together",
  },
  "certificate-differs": {
    says: (it) =>
      `${by(it)}the certificate of ${it.whose} is another than the stack's last update issued (${it.detail ?? "?"}, not ${it.expected ?? "?"})`,
    fix: reissue,
  },
  "wrong-usage": {
    says: (it) =>
      `${by(it)}the certificate of ${it.whose} is not for this use: a server's shown by a caller, or a caller's by a server`,
    fix: () =>
      "server and client certificates are different files (server.crt, client.pem): do not exchange them; then run gatehouse up",
  },
  "weak-certificate": {
    says: (it) =>
      `${by(it)}the certificate of ${it.whose} has a key or signature that is too weak${it.detail ? ` (${it.detail})` : ""}`,
    fix: () => "issue it again with ECDSA P-256 or RSA of 2048 bits or more, signed with SHA-256",
  },
  revoked: {
    says: (it) => `${by(it)}the certificate of ${it.whose} is revoked`,
    fix: () =>
      "run gatehouse up, which gives a service of the stack a new one; if it was a mistake, take its entry out of gatehouse:revoked first",
  },
  "crl-missing": {
    says: (it) => `${by(it)}the revocation list for the issuer of ${it.whose} is missing`,
    fix: () => "deliver one for each authority in the chain (crl.pem): run gatehouse up",
  },
  "crl-stale": {
    says: (it) => `${by(it)}the revocation list for the issuer of ${it.whose} has run out, so everybody is refused`,
    fix: () => "sign and deliver a new one: run gatehouse up; let updates run more often than its lifetime",
  },
  "crl-invalid": {
    says: (it) => `${by(it)}the revocation list for ${it.whose} is not signed by the issuer of its certificate`,
    fix: () => "deliver lists of the authorities in the chain: run gatehouse up, which signs and delivers them",
  },
  "invalid-authority": {
    says: (it) => `${by(it)}an issuer in the chain of ${it.whose} may not issue certificates (CA flag or path length)`,
    fix: () =>
      "the issuing certificate needs basicConstraints CA:TRUE and keyCertSign, and the root a path length of 1 or more",
  },
  "no-client-certificate": {
    says: (it) => `${by(it)}${it.whose} demands a client certificate, and none was sent`,
    fix: () =>
      "name the call under the caller's `calls` (or as a route), so that it gets a client certificate; then run gatehouse up",
  },
  "not-enforced": {
    says: (it) => `${it.whose} asks its callers for no client certificate, though the edge is strict`,
    fix: () =>
      "run gatehouse up; a server of your own has to verify clients itself, by the files in /trust (ca-chain.pem, callers.map)",
  },
  "caller-refused": {
    says: (it) => `${it.whose} refuses the caller ${it.by ?? "?"}${it.detail ? ` (${it.detail})` : ""}`,
    fix: () =>
      "name the call under the caller's `calls` (or as a route) and run gatehouse up, so that caller and callee agree on it",
  },
  "tls-version": {
    says: (it) => `${by(it)}${it.whose} and its caller have no TLS version in common; 1.2 and 1.3 are accepted`,
    fix: () => "let a server of your own accept TLS 1.2 and 1.3",
  },
  "cipher-mismatch": {
    says: (it) => `${by(it)}${it.whose} and its caller have no cipher in common, or it has no certificate to show`,
    fix: () => "let a server of your own accept ECDHE with AES-GCM or ChaCha20, and give it the files in /trust",
  },
  "not-tls": {
    says: (it) => `${by(it)}${it.whose} does not speak TLS on this port`,
    fix: () => "give the port on which it does (tls.port), or tls.mode sidecar to a service that speaks plain HTTP",
  },
  "name-unknown": {
    says: (it) => `${by(it)}the name ${it.expected ?? it.whose} leads nowhere: the two share no network`,
    fix: (it) =>
      `see that ${it.whose} runs (docker ps); then gatehouse up -- --refresh, which joins the networks again`,
  },
  "connection-refused": {
    says: (it) => `${by(it)}nothing listens at ${it.expected ?? it.whose}`,
    fix: (it) => `docker logs ${container(it)} says why its server is not up`,
  },
  "no-answer": {
    says: (it) => `${by(it)}${it.expected ?? it.whose} does not answer${it.detail ? ` (${it.detail})` : ""}`,
    fix: (it) =>
      `docker logs ${container(it)} says more; a firewall of the host between Docker networks can cause it too`,
  },
  "application-down": {
    says: (it) => `the application of ${it.whose} does not answer at ${it.expected ?? "its port"} in its cell`,
    fix: (it) =>
      `docker logs ${container(it)} says why; it must listen on 0.0.0.0, and on the port that the settings name`,
  },
  "not-published": {
    says: (it) => `the entry ${container(it)} publishes no HTTPS port on this machine`,
    fix: () => "set gatehouse:proxy httpsPort and run gatehouse up",
  },
  "entry-cannot-reach": {
    says: (it) =>
      `the entry answers ${it.detail ?? "with an error"} for ${it.whose}: a service behind it does not work`,
    fix: () => "see the hops from the entry above; gatehouse logs --service <name> shows their requests",
  },
  unexplained: {
    says: (it) => `${by(it)}the handshake with ${it.whose} fails: ${it.detail ?? "no reason given"}`,
    fix: (it) => `docker logs ${container(it)} may say more; please report it, so that it gets a name`,
  },
} satisfies Record<string, Words>;

export const FAILURE_IDS = Object.keys(FAILURES).sort() as readonly FailureId[];

/** One thing that is wrong, in words, and what to do about it. */
export interface Finding {
  readonly id: FailureId;
  readonly message: string;
  readonly fix: string;
  /** The source's own words, when they say more. */
  readonly detail?: string;
}

export function finding(id: FailureId, it: Circumstances): Finding {
  const words: Words = FAILURES[id];
  return { id, message: words.says(it), fix: words.fix(it), ...(it.detail !== undefined && { detail: it.detail }) };
}
