import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import * as pulumi from "@pulumi/pulumi";

/** A file of the project; paths in the configuration start at the folder of Pulumi.yaml. */
export function readText(path: string): string {
  return readFileSync(resolve(pulumi.getRootDirectory(), path), "utf8");
}
