import * as pulumi from "@pulumi/pulumi";

import { DeviceCertificate, type CertificateAuthority, type GraphDevice, type TrustGraph } from "../components";
import { deviceState, earlierCertificates, openCertificates } from "../components/trust/devices";
import type { Problem } from "../components/problems";
import type { DeviceConfig, GatehouseConfig } from "./config";
import { formatDuration } from "../components/pki/lifetimes";

/**
 * One certificate each, from the users' authority; none for a device whose certificate has ended: the provider would
 * replace it, and nobody would know. Its key goes, what is public about it stays in the graph.
 */
export function makeDevices(
  config: GatehouseConfig,
  users: CertificateAuthority | undefined,
  remembered: TrustGraph | undefined,
  now = new Date(),
): Map<string, DeviceCertificate> {
  const living = config.devices.filter((it) => !endedDevice(it, remembered, now));
  return new Map(
    living.map(({ name, validHours, generation }) => {
      if (!users) throw new Error("no authority was made for devices");
      return [
        name,
        new DeviceCertificate(`device-${name}`, { device: name, authority: users, validHours, generation }),
      ];
    }),
  );
}

/** What is remembered of a device whose present certificate has ended; undefined while it lives, or gets the next one. */
export function endedDevice(
  { name, generation }: Pick<DeviceConfig, "name" | "generation">,
  remembered: TrustGraph | undefined,
  now: Date,
): GraphDevice | undefined {
  const device = remembered?.devices?.[name];
  const ended = device?.generation === generation && Date.parse(device.evidence.notAfter) <= now.getTime();
  return ended ? device : undefined;
}

/** The secret output `deviceSecrets`, which `gatehouse device export` reads: keys and passphrases by device. */
export function deviceSecrets(
  devices: ReadonlyMap<string, DeviceCertificate>,
): pulumi.Output<Record<string, { privateKeyPem: string; passphrase: string }>> {
  const each = [...devices].map(([name, it]) => {
    const secrets = pulumi
      .all([it.privateKeyPem, it.passphrase])
      .apply(([privateKeyPem, passphrase]) => ({ privateKeyPem, passphrase }));
    return [name, secrets] as const;
  });
  return pulumi.secret(pulumi.all(Object.fromEntries(each)));
}

/** The public facts of each device. What is planned is plain, for the preview. */
export function devicesOf(
  config: GatehouseConfig,
  devices: ReadonlyMap<string, DeviceCertificate>,
  remembered: TrustGraph | undefined,
  now = new Date(),
): Record<string, { readonly [Key in keyof GraphDevice]: unknown }> {
  return Object.fromEntries(
    config.devices.flatMap(({ name, owner, purpose, generation }) => {
      const made = devices.get(name) ?? endedDevice({ name, generation }, remembered, now);
      if (!made) return [];
      const earlier = earlierCertificates(remembered?.devices?.[name], generation, now);
      const { uri, evidence, chainPem } = made;
      const facts = { owner, purpose, uri, generation, evidence, chainPem: pulumi.unsecret(pulumi.output(chainPem)) };
      return [[name, { ...facts, ...(earlier.length > 0 && { earlier }) }]];
    }),
  );
}

const revokedSerials = (config: GatehouseConfig): ReadonlySet<string> =>
  new Set(config.revoked.users.map((it) => it.serial));

/**
 * What must not happen silently: a device that leaves the configuration while a certificate of it still opens something.
 * Nobody would be in charge of it any more, and nothing would remember its serial.
 */
export function deviceProblems(
  config: GatehouseConfig,
  remembered: TrustGraph | undefined,
  now = new Date(),
): Problem[] {
  const revoked = revokedSerials(config);
  const rootPem = remembered?.authorities.users?.rootPem;
  const problems: Problem[] = [];
  for (const [name, device] of Object.entries(remembered?.devices ?? {})) {
    const configured = config.devices.find((it) => it.name === name);
    const key = `gatehouse:devices.${name}`;
    if (configured && configured.generation < device.generation)
      problems.push({
        key: `${key}.generation`,
        value: configured.generation,
        rule: `generations only go up; ${device.generation} was issued already`,
        fix: `set it to ${device.generation}, or to ${device.generation + 1} for a new certificate`,
      });
    const open = configured ? [] : openCertificates(device, revoked, rootPem, now);
    if (open.length > 0)
      problems.push({
        key,
        value: undefined,
        rule: `a device is removed when none of its certificates opens anything; still open: ${open.map((it) => `${it.serial} until ${it.notAfter}`).join(", ")}`,
        fix: `put the entry back (generation: ${device.generation}), then: gatehouse device revoke ${name}, and gatehouse device remove ${name}`,
      });
  }
  return problems;
}

/** What somebody should know of devices, since nothing renews them by itself. */
export function deviceWarnings(
  config: GatehouseConfig,
  remembered: TrustGraph | undefined,
  now = new Date(),
): string[] {
  const revoked = revokedSerials(config);
  return config.devices.flatMap((it) => {
    const device = remembered?.devices?.[it.name];
    if (device?.generation !== it.generation) return [];
    const key = `gatehouse:devices.${it.name}`;
    const renew = `gatehouse device renew ${it.name}`;
    const { notAfter } = device.evidence;
    switch (deviceState(device, revoked, remembered?.authorities.users?.rootPem, now)) {
      case "ended":
        return [`${key}: its certificate ended on ${notAfter}; ${renew}, or remove it`];
      case "ends soon":
        return [`${key}: its certificate ends on ${notAfter}, and nothing renews it by itself; ${renew}`];
      case "not trusted":
        return [`${key}: its certificate leads to a root that this stack does not trust any more; ${renew}`];
      case "revoked":
        return [`${key}: its certificate is revoked; ${renew}, or gatehouse device remove ${it.name}`];
      case "valid":
        return lifeWarning(it, device).map((text) => `${key}.valid: ${text}; ${renew}`);
    }
  });
}

function lifeWarning(it: DeviceConfig, { evidence }: GraphDevice): string[] {
  const issued = Math.round((Date.parse(evidence.notAfter) - Date.parse(evidence.notBefore)) / 3_600_000);
  if (issued === it.validHours) return [];
  return [`holds for the next certificate; the present one has ${formatDuration(issued)}`];
}
