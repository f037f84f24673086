import { certificatesOf } from "../../components/pki/evidence";
import type { GraphDevice, TrustGraph } from "../../components/trust/graph";
import { pkcs12 } from "./pkcs12";
import { readme } from "./readme";

export const EXPORT_PROFILES = ["modern", "compatible", "pem"] as const;
export type ExportProfile = (typeof EXPORT_PROFILES)[number];

/** Where each profile opens: what our tests do, and what others report (docs/devices.md has the sources). */
export const PROFILE_WORDS: Readonly<Record<ExportProfile, string>> = {
  modern:
    "PKCS#12 with AES-256 and SHA-256. Tested: OpenSSL 3.0, curl, NSS 3.87 (the library of Firefox), Chromium on Linux, " +
    "Java 17. Reported to be refused by Windows Server 2016, macOS 13, Android 13 and iOS of 2024: try compatible there",
  compatible:
    "PKCS#12 with 3DES and SHA-1, for systems that refuse modern. Tested: OpenSSL 3.0, curl, NSS 3.87, Java 17. " +
    "Not tested: Windows, macOS, iOS, Android",
  pem: "key and certificates as PEM, for API clients and IoT devices; the key is not encrypted. Tested: curl, Node.js, Python",
};

export interface DeviceSecrets {
  /** PKCS#8, PEM. */
  readonly privateKeyPem: string;
  readonly passphrase: string;
}

/** Everything that goes into the folder, but for the password. */
export function exportFiles(
  name: string,
  device: GraphDevice,
  secrets: DeviceSecrets,
  graph: TrustGraph,
  profile: ExportProfile,
): Readonly<Record<string, string | Buffer>> {
  const { privateKeyPem, passphrase } = secrets;
  const hosts = Object.values(graph.entry.hosts);
  // A public certificate from files is a public authority's: browsers and systems know its root.
  const root = hosts.some((it) => it.keyGeneration !== "files") ? graph.authorities.services?.rootPem : undefined;
  return {
    ...(profile === "pem"
      ? { [`${name}.key`]: privateKeyPem, [`${name}.crt`]: normalized(device.chainPem) }
      : {
          [`${name}.p12`]: pkcs12({ name, privateKeyPem, chainPem: device.chainPem, password: passphrase }, profile),
        }),
    ...(root !== undefined && { "entry-root.pem": normalized(root) }),
    "README.txt": readme(name, device, graph, profile, root !== undefined),
    // A folder in somebody's clone is never committed by accident.
    ".gitignore": "*\n",
  };
}

function normalized(pem: string): string {
  return certificatesOf(pem)
    .map((it) => it.toString())
    .join("");
}
