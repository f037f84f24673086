import { parseDuration } from "../../components/pki/lifetimes";
import { labelProblems } from "../../components/pki/names";
import type { RevocationReason } from "../../components/pki/revocation";
import { openCertificates } from "../../components/trust/devices";
import type { EarlierCertificate, GraphDevice, TrustGraph } from "../../components/trust/graph";
import { Failure, UsageFailure } from "../failure";
import { addRevoked, revokedEntry, type RevokedEntry } from "../revocation";
import type { Settings } from "../settings";

/** An entry of `gatehouse:devices`, as far as it can be read: `up` checks it, this only looks. */
export interface ConfiguredDevice {
  readonly owner?: string;
  readonly purpose?: string;
  readonly generation: number;
}

/** `gatehouse:devices` of a settings file, by name, sorted. */
export function configuredDevices(settings: Settings): Map<string, ConfiguredDevice> {
  const value = settings.get("devices");
  const entries = value !== null && typeof value === "object" ? Object.entries(value as Record<string, unknown>) : [];
  return new Map(
    entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => {
        const { owner, purpose, generation } = (entry ?? {}) as Record<string, unknown>;
        return [
          name,
          {
            ...(typeof owner === "string" && { owner }),
            ...(typeof purpose === "string" && { purpose }),
            generation: typeof generation === "number" ? generation : 1,
          },
        ];
      }),
  );
}

/** Serials of people and devices in `gatehouse:revoked`. */
export function revokedSerials(settings: Settings): Set<string> {
  const value = settings.get("revoked");
  const entries = (Array.isArray(value) ? value : []) as { authority?: unknown; serial?: unknown }[];
  return new Set(entries.filter((it) => it?.authority === "users").map((it) => String(it.serial)));
}

/** Adds a device. Throws for a name that no certificate could carry, and for one that is taken. */
export function addDevice(
  settings: Settings,
  name: string,
  { owner, purpose, valid }: { readonly owner: string; readonly purpose: string; readonly valid: string },
): void {
  const [problem] = labelProblems("name", name);
  if (problem) throw new UsageFailure(`${name} is no name for a device: ${problem.rule}`, problem.fix);
  for (const [option, text] of Object.entries({ owner, purpose })) {
    if (text.trim() === "" || /[\p{Cc}\p{Cf}]/u.test(text) || text.length > 200)
      throw new UsageFailure(`--${option} is one line of 1 to 200 characters`, `write --${option} "..."`);
  }
  try {
    parseDuration(valid);
  } catch {
    throw new UsageFailure(`${valid} is not a length of time`, "write it as 90d or 36h");
  }
  if (configuredDevices(settings).has(name))
    throw new Failure(
      `there is a device ${name} already`,
      `gatehouse device renew ${name} gives it a new certificate; or choose another name`,
    );
  settings.set("devices", name, { owner, purpose, valid });
}

/** Raises the generation by one; gives it. Throws where the certificate before was not issued yet. */
export function renewDevice(settings: Settings, name: string, graph: TrustGraph | undefined): number {
  const { generation } = configured(settings, name);
  const issued = graph?.devices?.[name]?.generation;
  if (issued === undefined || issued < generation)
    throw new Failure(
      `generation ${generation} of ${name} is not issued yet`,
      "gatehouse up issues it; then there is something to renew",
    );
  const next = issued + 1;
  settings.set("devices", name, { generation: next });
  return next;
}

/**
 * Writes certificates of a device into `gatehouse:revoked`: all that still open something, or only those before the
 * present one.
 */
export function revokeDevice(
  settings: Settings,
  name: string,
  graph: TrustGraph | undefined,
  { reason, old }: { readonly reason: RevocationReason; readonly old: boolean },
  now = new Date(),
): RevokedEntry[] {
  const device = graph?.devices?.[name];
  if (!device) {
    if (configuredDevices(settings).has(name))
      throw new Failure(`${name} has no certificate yet`, `gatehouse device remove ${name} takes it out`);
    throw unknownDevice(settings, name);
  }
  const open = openOf(settings, graph, device, now).filter((it) => !old || it.serial !== device.evidence.serial);
  return addRevoked(
    settings,
    open.map((it) => revokedEntry("users", name, it, reason, now)),
  );
}

/** Takes a device out. Throws while a certificate of it opens something that is not revoked. */
export function removeDevice(settings: Settings, name: string, graph: TrustGraph | undefined, now = new Date()): void {
  configured(settings, name);
  const device = graph?.devices?.[name];
  const open = device ? openOf(settings, graph, device, now) : [];
  if (open.length > 0)
    throw new Failure(
      `${name} still opens the entry: certificate ${open.map((it) => `${it.serial} until ${it.notAfter}`).join(", ")}`,
      `gatehouse device revoke ${name} --reason cessationOfOperation, then this again`,
    );
  settings.remove("devices", name);
}

function openOf(
  settings: Settings,
  graph: TrustGraph | undefined,
  device: GraphDevice,
  now: Date,
): EarlierCertificate[] {
  return openCertificates(device, revokedSerials(settings), graph?.authorities.users?.rootPem, now);
}

function configured(settings: Settings, name: string): ConfiguredDevice {
  const device = configuredDevices(settings).get(name);
  if (!device) throw unknownDevice(settings, name);
  return device;
}

export function unknownDevice(settings: Settings, name: string): UsageFailure {
  const known = [...configuredDevices(settings).keys()];
  return new UsageFailure(
    `there is no device ${name} in ${settings.file}`,
    known.length > 0 ? `name one of: ${known.join(", ")}` : 'gatehouse device add NAME --owner "..." --purpose "..."',
  );
}
