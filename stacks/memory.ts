import * as pulumi from "@pulumi/pulumi";

import type { TrustGraph } from "../components";

/**
 * The trust graph that the last successful `up` of this stack left behind, read from its own outputs. Undefined
 * before the first one.
 */
export async function rememberedGraph(): Promise<TrustGraph | undefined> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const self = new pulumi.StackReference("memory", { name });
  const details = await self.getOutputDetails("trust");
  return details.value as TrustGraph | undefined;
}
