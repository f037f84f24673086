import * as pulumi from "@pulumi/pulumi";

import { filesUnder } from "./files";
import type { GatehouseConfig } from "./model";
import { parseConfig } from "./parse";
import { NAMESPACE } from "./stackSchema";

/**
 * The configuration of the stack that runs, complete and checked. Reads every key of the namespace, so that unknown
 * ones are found; paths in it start at the folder of Pulumi.yaml.
 *
 * @throws InvalidInput with every problem at once
 */
export function readConfig(): GatehouseConfig {
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    const [namespace, ...name] = key.split(":");
    if (namespace === NAMESPACE) raw[name.join(":")] = value;
  }
  return parseConfig(raw, {
    stack: pulumi.getStack(),
    secretKeys: secretKeysOf(Object.keys(raw)),
    files: filesUnder(pulumi.getRootDirectory()),
  });
}

/** Which keys are encrypted. The SDK knows and tells nobody: the function is there, without a public type. */
function secretKeysOf(keys: readonly string[]): ReadonlySet<string> {
  const isConfigSecret: unknown = Reflect.get(pulumi.runtime, "isConfigSecret");
  if (typeof isConfigSecret !== "function") throw new Error("this @pulumi/pulumi does not say what is secret");
  return new Set(keys.filter((key) => Reflect.apply(isConfigSecret, undefined, [`${NAMESPACE}:${key}`]) === true));
}
