import type { GraphDevice, TrustGraph } from "../../components/trust/graph";
import type { ExportProfile } from "./export";

/** What lies in an exported folder, and the commands that use it. Whoever gets the folder has nothing else to read. */
export function readme(
  name: string,
  device: GraphDevice,
  graph: TrustGraph,
  profile: ExportProfile,
  withRoot: boolean,
): string {
  const { evidence, owner, purpose } = device;
  return [
    `Certificate of the device ${name}, for ${graph.environment}.${graph.domain}`,
    "",
    `  owner    ${owner}`,
    `  purpose  ${purpose}`,
    `  serial   ${evidence.serial}`,
    `  valid    ${evidence.notBefore} to ${evidence.notAfter}; nothing renews it by itself`,
    "",
    "Files",
    ...files(name, profile, withRoot),
    "",
    profile === "pem" ? "Call an API" : "Try it",
    ...calls(name, graph, profile, withRoot),
    "",
    ...(profile === "pem" ? pemNotes(name, withRoot) : importNotes(name, withRoot)),
    "",
    "Lost it, or somebody else saw it? Tell whoever gave it to you at once: it is revoked by",
    `  gatehouse device revoke ${name} --reason keyCompromise`,
    "",
  ].join("\n");
}

function files(name: string, profile: ExportProfile, withRoot: boolean): string[] {
  const all =
    profile === "pem"
      ? [
          [
            `${name}.key`,
            "the private key, PKCS#8, not encrypted: for this device alone, readable by its program alone",
          ],
          [`${name}.crt`, "its certificate, then the intermediate, in the order in which it is shown"],
        ]
      : [[`${name}.p12`, `key, certificate and intermediate (PKCS#12, profile ${profile}); opens with its password`]];
  if (withRoot) all.push(["entry-root.pem", "the root to trust for the entry's own certificate. It is no secret"]);
  return all.map(([file = "", what = ""]) => `  ${file.padEnd(Math.max(16, name.length + 6))}${what}`);
}

/** One line for each host that asks for certificates; for the first host at all where none does yet. */
function calls(name: string, graph: TrustGraph, profile: ExportProfile, withRoot: boolean): string[] {
  const hosts = Object.entries(graph.entry.hosts);
  const asking = hosts.filter(([, it]) => it.clientCertificate).map(([host]) => host);
  const shown = asking.length > 0 ? asking : hosts.slice(0, 1).map(([host]) => host);
  const root = withRoot ? "--cacert entry-root.pem " : "";
  const url = (host: string): string =>
    graph.entry.urls.find((it) => new URL(it).hostname === host) ?? `https://${host}/`;
  const lines = shown.map((host) =>
    profile === "pem"
      ? `  curl ${root}--cert ${name}.crt --key ${name}.key ${url(host)}`
      : // Not on the command line, which every user of the machine can read.
        `  echo "pass = $(cat ${passwordFile(name)})" | curl --config - ${root}--cert-type P12 --cert ${name}.p12 ${url(host)}`,
  );
  return [
    ...lines,
    ...(profile === "pem" ? [] : [`  (${passwordFile(name)} is a file with the password, nothing else)`]),
    ...(asking.length === 0 ? ["  (no host of the entry asks for certificates yet)"] : []),
  ];
}

/** Where the password lies that no terminal was there to show. */
export const passwordFile = (name: string): string => `${name}.password`;

function pemNotes(name: string, withRoot: boolean): string[] {
  const root = withRoot ? "entry-root.pem" : "the system's roots";
  return [
    "A program needs its chain, its key, and what to trust for the entry. For instance",
    `  Node.js  https.get(url, { cert, key, ca })   with the content of ${name}.crt, ${name}.key and ${root}`,
    `  Python   context = ssl.create_default_context(${withRoot ? 'cafile="entry-root.pem"' : ""})`,
    `           context.load_cert_chain("${name}.crt", "${name}.key")`,
    "The root of people and devices is not among the files: the entry needs it, the device does not.",
  ];
}

function importNotes(name: string, withRoot: boolean): string[] {
  return [
    "Import (docs/devices.md of Gatehouse says what was tested)",
    "  Firefox            Settings, Privacy & Security, Certificates, View Certificates, Your Certificates, Import",
    `  Chromium on Linux  pk12util -d sql:$HOME/.pki/nssdb -i ${name}.p12`,
    ...(withRoot
      ? ["                     certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n gatehouse -i entry-root.pem"]
      : []),
    `  Java               keytool -importkeystore -srckeystore ${name}.p12 -srcstoretype PKCS12 -destkeystore keys.p12`,
    "  Windows, macOS     open the file",
    "  iOS, Android       open the file on the device, and install it in the settings",
    "",
    "Delete this folder when the import is done: the device has its own copy then.",
  ];
}
