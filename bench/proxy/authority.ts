import { makeHierarchy } from "../../tests/support/certificates";

/** Name that clients ask for. */
export const PUBLIC = "bench.corp.test";
/** Full names, as in a stack: of the proxy, and of the service behind it. */
export const PROXY = "gate.bench.corp.test";
export const BACKEND = "backend.bench.corp.test";

const leaf = (usage: string, name: string): string[] => [
  "basicConstraints=critical,CA:FALSE",
  "keyUsage=critical,digitalSignature",
  `extendedKeyUsage=${usage}`,
  `subjectAltName=DNS:${name}`,
];

/** P-256 with one intermediate, as in a stack; the same files for every server. */
export function makeFiles(): Record<string, string> {
  const { root, intermediate, leaf: issue } = makeHierarchy("Bench");
  const make = (usage: string, name: string): { chain: string; key: string } => {
    const made = issue({ commonName: name, extensions: leaf(usage, name) });
    return { chain: made.certificate + intermediate.certificate, key: made.key };
  };
  const [front, own, client, backend] = [
    make("serverAuth", PUBLIC),
    make("serverAuth", PROXY),
    make("clientAuth", PROXY),
    make("serverAuth", BACKEND),
  ];
  const [leafOf, ...rest] = client.chain.split(/(?=-----BEGIN)/);
  return {
    "ca-chain.pem": root.certificate,
    "public-0.crt": front.chain,
    "public-0.key": front.key,
    "public-0.pem": front.chain + front.key,
    "server.crt": own.chain,
    "server.key": own.key,
    "client.crt": client.chain,
    "client.key": client.key,
    "client.pem": (leafOf ?? "") + client.key + rest.join(""),
    "backend.crt": backend.chain,
    "backend.key": backend.key,
  };
}
