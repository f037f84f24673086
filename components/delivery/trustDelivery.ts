import * as pulumi from "@pulumi/pulumi";

import { makeRelease, type ManifestFacts } from "./manifest";
import { deliverToVolume, type DeliveredFile, type VolumeDelivery } from "./volume";

/** Where trust material is mounted in every container, read-only. */
export const TRUST_MOUNT = "/trust";

export interface TrustDeliveryArgs {
  /** Docker name of the container that the material is for: `orders.dev`. */
  readonly container: string;
  readonly image: pulumi.Input<string>;
  /** Group that may read the keys. */
  readonly group: number;
  /** The server's certificates, keys, bundles and configuration. */
  readonly files: Readonly<Record<string, DeliveredFile>>;
  readonly manifest: ManifestFacts;
  /** Public facts for the preview: fingerprints, phase. */
  readonly facts: Readonly<Record<string, pulumi.Input<string> | undefined>>;
}

export interface TrustDelivery extends VolumeDelivery {
  /** Id of the release in the volume. Public. */
  readonly release: pulumi.Output<string>;
}

/** One consistent set of trust material, with its manifest, into the container's volume. */
export function deliverTrust(name: string, args: TrustDeliveryArgs, parent: pulumi.Resource): TrustDelivery {
  const names = Object.keys(args.files).sort();
  const release = pulumi
    .all(names.map((file) => pulumi.output(args.files[file]?.content ?? "")))
    .apply((contents) =>
      makeRelease(Object.fromEntries(names.map((file, index) => [file, contents[index] ?? ""])), args.manifest),
    );
  // A hash over keys of full entropy gives nothing of them away; it must be public to show in previews and labels.
  const id = pulumi.unsecret(release.apply((made) => made.id));
  const delivery = deliverToVolume(
    name,
    {
      volumeName: `${args.container}.trust`,
      image: args.image,
      group: args.group,
      files: { ...args.files, "manifest.json": { content: pulumi.unsecret(release.apply((made) => made.manifest)) } },
      facts: { ...args.facts, release: id },
    },
    parent,
  );
  return { ...delivery, release: id };
}
