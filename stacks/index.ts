import "./traces";
import * as pulumi from "@pulumi/pulumi";

import { refuse } from "../components/problems";
import { Engine } from "../components/trust/containers";
import { auditGate } from "./auditGate";
import { buildStack } from "./build";
import { readConfig } from "./config/read";
import { rememberedGraph } from "./memory";
import { removeOrphans } from "./orphans";
import { deviceProblems, deviceWarnings } from "./devices";
import { portProblems } from "./ports";

/** The stack program: typed, validated configuration -> components -> the public output `trust`. */
export = async (): Promise<Record<string, unknown>> => {
  const config = readConfig();
  const host = process.env.DOCKER_HOST;
  const engine = new Engine();
  const remembered = await rememberedGraph();
  // In a preview as in an update, and before anything is made.
  const gate = await auditGate(config, remembered, engine);
  refuse([...gate.problems, ...deviceProblems(config, remembered)]);
  refuse(await portProblems(config, engine, host === undefined || host.startsWith("unix://")));
  for (const warning of [...config.warnings, ...deviceWarnings(config, remembered), ...gate.warnings])
    await pulumi.log.warn(warning);
  removeOrphans();
  const stack = await buildStack(config, remembered, gate.forced);
  return {
    trust: stack.graph,
    urls: stack.urls,
    proven: stack.proven,
    ...(stack.deviceSecrets && { deviceSecrets: stack.deviceSecrets }),
  };
};
