import { createHash } from "node:crypto";

import type * as docker from "@pulumi/docker";
import type { input } from "@pulumi/docker/types";
import type * as pulumi from "@pulumi/pulumi";

/** User and group of every program in our own image (images/gate/Dockerfile). */
export const GATE_UID = 10100;

/** Memory in MiB and CPUs that a container may use at most. */
export interface Limits {
  readonly memoryMb: number;
  readonly cpus: number;
}

/** `gatehouse.*` labels, sorted. Never a secret in here: labels are public. */
export function labels(
  values: Readonly<Record<string, pulumi.Input<string> | undefined>>,
): { label: string; value: pulumi.Input<string> }[] {
  return Object.entries(values)
    .filter((entry): entry is [string, pulumi.Input<string>] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label: `gatehouse.${label}`, value }));
}

/**
 * What every container of ours has: no capability, no new privileges, a read-only root, limits, a bounded log, and a
 * restart policy that survives a killed engine (`unless-stopped` does not).
 */
export function hardened(limits: Limits): Partial<docker.ContainerArgs> {
  return {
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    readOnly: true,
    init: true,
    restart: "always",
    memory: limits.memoryMb,
    // Without it there is a diff for ever; equal to memory means no swap.
    memorySwap: limits.memoryMb,
    // As the provider reads it back ("1.0", "0.5"); another spelling is a diff for ever.
    cpus: Number.isInteger(limits.cpus) ? limits.cpus.toFixed(1) : String(limits.cpus),
    logDriver: "json-file",
    logOpts: { "max-file": "3", "max-size": "10m" },
    ipcMode: "private",
  };
}

/** A tmpfs for the scratch files of an application that runs as `user` (`uid` or `uid:gid`; root when absent). */
export function scratchTmpfs(user: string | undefined): string {
  const [uid = "0", gid = uid] = (user ?? "0").split(":");
  // With uid and mode written: runc gives the mount the mode of the folder below it, which may belong to somebody else.
  return `uid=${uid},gid=${gid},mode=0700,size=64m,noexec,nosuid,nodev`;
}

/** A private tmpfs of one user: nothing in it can be executed, nobody else can read it. */
export function privateTmpfs(uid: number, megabytes: number): string {
  return `uid=${uid},gid=${uid},mode=0700,size=${megabytes}m,noexec,nosuid,nodev`;
}

/**
 * A hash over settings that the provider reports as updated and does not apply (health check, init): in a label a
 * change of them replaces the container.
 */
export function settingsHash(settings: unknown): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
}

/** A network to join, with the names that the container answers to on it. */
export interface Attachment {
  readonly network: pulumi.Input<string>;
  /** Sorts the attachments: plain text that is known at preview. */
  readonly key: string;
  readonly aliases?: readonly string[];
}

/**
 * `networkMode` and `networksAdvanced` for these attachments. The mode is `bridge`, and the provider takes the container
 * off that one before it starts: with a network of ours as the mode, the engine (20.10) forgets the aliases on it.
 */
export function attach(attachments: readonly Attachment[]): {
  networkMode: string;
  networksAdvanced: input.ContainerNetworksAdvanced[];
} {
  const sorted = [...attachments].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  if (sorted.length === 0) return { networkMode: "none", networksAdvanced: [] };
  return {
    networkMode: "bridge",
    networksAdvanced: sorted.map(({ network, aliases }) => ({
      name: network,
      ...(aliases && aliases.length > 0 && { aliases: [...aliases].sort() }),
    })),
  };
}
