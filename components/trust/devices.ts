import { certificatesOf } from "../pki/evidence";
import type { EarlierCertificate, GraphDevice } from "./graph";

/** Where a certificate of a device stands. */
export type DeviceState = "valid" | "ends soon" | "ended" | "revoked" | "not trusted";

/** Below this share of its life somebody has to think of the next one: nothing renews it by itself. */
const SOON = 1 / 3;

/**
 * @param device as the trust graph knows it
 * @param revoked serials of the users' authority that were revoked
 * @param usersRootPem root that the entry trusts; another one than the device's makes its certificate worthless
 */
export function deviceState(
  device: Pick<GraphDevice, "evidence" | "chainPem">,
  revoked: ReadonlySet<string>,
  usersRootPem: string | undefined,
  now: Date,
): DeviceState {
  const { serial, notBefore, notAfter } = device.evidence;
  const [start, end] = [Date.parse(notBefore), Date.parse(notAfter)];
  if (revoked.has(serial)) return "revoked";
  if (end <= now.getTime()) return "ended";
  if (usersRootPem !== undefined && !leadsTo(device.chainPem, usersRootPem)) return "not trusted";
  return end - now.getTime() <= (end - start) * SOON ? "ends soon" : "valid";
}

/** Certificates of a device that open something now: the present one first, then those before it. */
export function openCertificates(
  device: GraphDevice,
  revoked: ReadonlySet<string>,
  usersRootPem: string | undefined,
  now: Date,
): EarlierCertificate[] {
  const { generation, evidence } = device;
  const state = deviceState(device, revoked, usersRootPem, now);
  return [
    ...(state === "valid" || state === "ends soon"
      ? [{ generation, serial: evidence.serial, notAfter: evidence.notAfter }]
      : []),
    ...(device.earlier ?? []).filter((it) => !revoked.has(it.serial) && Date.parse(it.notAfter) > now.getTime()),
  ];
}

/** What a device of this generation leaves behind of those before it: certificates that have not ended. */
export function earlierCertificates(
  remembered: GraphDevice | undefined,
  generation: number,
  now: Date,
): EarlierCertificate[] {
  if (!remembered) return [];
  const { serial, notAfter } = remembered.evidence;
  const all = [
    ...(remembered.earlier ?? []),
    ...(remembered.generation === generation ? [] : [{ generation: remembered.generation, serial, notAfter }]),
  ];
  return all.filter((it) => Date.parse(it.notAfter) > now.getTime());
}

function leadsTo(chainPem: string, rootPem: string): boolean {
  const last = certificatesOf(chainPem).at(-1);
  return certificatesOf(rootPem).some(
    (root) => last !== undefined && last.checkIssued(root) && last.verify(root.publicKey),
  );
}
