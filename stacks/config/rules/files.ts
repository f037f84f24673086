import { certificatesOf, keyFits } from "../../../components/pki/evidence";
import type { Path } from "../keys";
import { redacted } from "../redact";
import type { Report, View } from "../view";

/** Files and folders that the configuration names: there, readable, and what they should be. */
export function fileRules(view: View, report: Report): void {
  for (const [name, { image }] of view.services) {
    if ("build" in image && !view.files.isFolder(image.build))
      report(["services", name, "image", "build"], "a folder with a Dockerfile", "correct the path");
    else if ("build" in image && read(view, `${image.build}/Dockerfile`) instanceof Error)
      report(["services", name, "image", "build"], "the folder has a Dockerfile", "add one, or correct the path");
  }
  for (const [name, { caFile }] of view.external) readPem(view, ["external", name, "caFile"], caFile, report);
  publicCertificate(view, report);
}

function publicCertificate(view: View, report: Report): void {
  const { certificate } = view.stack.proxy;
  if (certificate.source !== "files") return;
  const at = ["proxy", "certificate"];
  const pem = readPem(view, [...at, "certificateFile"], certificate.certificateFile, report);
  const key = read(view, certificate.keyFile);
  if (key instanceof Error)
    report([...at, "keyFile"], `the file can be read: ${key.message}`, "correct the path, or put the file there");
  else if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(key))
    report([...at, "keyFile"], "an unencrypted private key in PEM", "convert it: openssl pkey -in <key> -out <file>");
  else if (pem !== undefined && !keyFits(pem, key))
    report(
      [...at, "keyFile"],
      "the key belongs to the certificate in certificateFile",
      "give the key of that certificate",
    );

  const leaf = pem === undefined ? undefined : certificatesOf(pem)[0];
  if (!leaf) return;
  for (const host of view.hosts.keys()) {
    if (leaf.checkHost(host) === undefined)
      report(
        [...at, "certificateFile"],
        `the certificate is valid for every host of the proxy; ${host} is not among its names`,
        `get a certificate for ${host} too, or remove the host`,
        redacted((leaf.subjectAltName ?? leaf.subject).replaceAll("\n", ", ")),
      );
  }
}

/** The text of a file with at least one certificate, all of them well-formed. Reports anything else. */
export function readPem(view: View, path: Path, file: string, report: Report): string | undefined {
  const text = read(view, file);
  if (text instanceof Error) {
    report(path, `the file can be read: ${text.message}`, "correct the path, or put the file there");
    return undefined;
  }
  try {
    if (certificatesOf(text).length > 0) return text;
    report(
      path,
      "the file holds certificates in PEM; it has none",
      "convert it: openssl x509 -in <file> -out <file>.pem",
    );
  } catch {
    report(path, "the file holds certificates in PEM; one of them is damaged", "get it again from its issuer");
  }
  return undefined;
}

/** The text of a file, or why there is none. */
export function read(view: View, file: string): string | Error {
  try {
    return view.files.read(file);
  } catch (error) {
    // Node's own words are "ENOENT: no such file or directory, open '/long/path'": the path is shown already.
    return new Error(error instanceof Error ? error.message.replace(/, \w+( '.*')?$/, "") : "unreadable");
  }
}
