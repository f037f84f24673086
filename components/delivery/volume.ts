import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { labels } from "../container";

/** A file for a volume. Owner is root; the group may read it. */
export interface DeliveredFile {
  readonly content: pulumi.Input<string>;
  /** Octal. @default "0444" */
  readonly mode?: string;
}

export interface VolumeDeliveryArgs {
  /** Name of the Docker volume; the loader is called the same with `.loader`. */
  readonly volumeName: string;
  /**
   * A local image without a USER: the loader is created and never started, and with a user the engine would give that
   * one every file, whatever owner and group say.
   */
  readonly image: pulumi.Input<string>;
  /** Group that may read files of mode 0440. */
  readonly group: number;
  /** File name -> file. */
  readonly files: Readonly<Record<string, DeliveredFile>>;
  /** Public facts for the loader's labels, so that a preview shows what changes though the files are secret. */
  readonly facts: Readonly<Record<string, pulumi.Input<string> | undefined>>;
}

export interface VolumeDelivery {
  readonly volumeName: pulumi.Output<string>;
  /** Exists once the files are in the volume. */
  readonly loader: docker.Container;
}

/**
 * Files into a named volume by way of a loader: a container that mounts it, is never started, and gets the files by
 * the provider's `uploads`. A change replaces the loader alone; whoever reads the volume keeps running.
 */
export function deliverToVolume(name: string, args: VolumeDeliveryArgs, parent: pulumi.Resource): VolumeDelivery {
  const volume = new docker.Volume(
    `${name}-volume`,
    { name: args.volumeName, labels: labels({ role: "volume" }) },
    { parent, deleteBeforeReplace: true },
  );
  const loader = new docker.Container(
    `${name}-loader`,
    {
      name: `${args.volumeName}.loader`,
      image: args.image,
      entrypoints: ["/bin/false"],
      start: false,
      mustRun: false,
      restart: "no",
      networkMode: "none",
      capabilities: { drops: ["ALL"] },
      labels: labels({ role: "loader", ...args.facts }),
      volumes: [{ volumeName: volume.name, containerPath: MOUNT }],
      uploads: Object.keys(args.files)
        .sort()
        .map((file) => ({
          file: `${MOUNT}/${file}`,
          content: args.files[file]?.content,
          permissions: args.files[file]?.mode ?? "0444",
          owner: "0",
          group: String(args.group),
        })),
    },
    { parent, deleteBeforeReplace: true },
  );
  return { volumeName: volume.name, loader };
}

const MOUNT = "/delivery";
