import "./traces";
import * as pulumi from "@pulumi/pulumi";

import { refuse } from "../components/problems";
import { Engine } from "../components/trust/containers";
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
  refuse(await portProblems(config, new Engine(), host === undefined || host.startsWith("unix://")));
  const remembered = await rememberedGraph();
  refuse(deviceProblems(config, remembered));
  for (const warning of [...config.warnings, ...deviceWarnings(config, remembered)]) await pulumi.log.warn(warning);
  removeOrphans();
  const stack = await buildStack(config, remembered);
  return {
    trust: stack.graph,
    urls: stack.urls,
    proven: stack.proven,
    ...(stack.deviceSecrets && { deviceSecrets: stack.deviceSecrets }),
  };
};
