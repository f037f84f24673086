import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

export interface LocalImageArgs {
  /** Repository part of the tag: `gatehouse/gate`. */
  readonly repository: string;
  /** Folder with the Dockerfile. */
  readonly context: string;
}

/** An image that is built from a folder, and built again when something in the folder changes. */
export class LocalImage extends pulumi.ComponentResource {
  /** Id of the image: what containers name, so that a new build replaces them. */
  declare public readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: LocalImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:LocalImage", name, {}, opts);
    const image = new docker.RemoteImage(
      `${name}-image`,
      {
        name: `${args.repository}:${folderHash(args.context)}`,
        build: {
          // Relative, so that the state says nothing of this machine and is the same on the next one.
          context: relative(process.cwd(), args.context) || ".",
          useLegacyBuilder: true,
          remove: true,
          forceRemove: true,
        },
        // Other stacks may use it; `npm run clean` removes it.
        keepLocally: true,
      },
      { parent: this },
    );
    this.imageId = image.imageId;
    this.registerOutputs({ imageId: this.imageId });
  }
}

/** Our own image with Apache, HAProxy and the keeper: one thing to patch. */
export class GateImage extends LocalImage {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super(name, { repository: "gatehouse/gate", context: join(packageRoot(), "images", "gate") }, opts);
  }
}

/** SHA-256 over names, modes and contents of a folder, shortened: the same folder gives the same tag everywhere. */
export function folderHash(folder: string): string {
  const hash = createHash("sha256");
  for (const path of filesOf(folder)) {
    const facts = lstatSync(path);
    // A link counts as what it says, as in Docker's build context: it may lead to a folder, or nowhere.
    const content = facts.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
    const kind = facts.isSymbolicLink() ? "link" : String((facts.mode & 0o111) !== 0);
    hash
      .update(`${relative(folder, path)}\0${kind}\0`)
      .update(content)
      .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesOf(join(folder, entry.name)) : [join(folder, entry.name)]));
}

/** The folder of this package, whether it runs from source or compiled. */
function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
