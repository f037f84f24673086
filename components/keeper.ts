import type { input } from "@pulumi/docker/types";

import { goDuration } from "./goDuration";

/**
 * Health check of every container that the keeper runs: serving, and on the release that was delivered. The engine's
 * own work on a check is most of what an idle sidecar costs (docs/performance.md), hence not more often; what it reads is
 * a verdict of the keeper, so once is enough. The doctor and the proof ask the keeper itself.
 */
export function keeperHealth(): input.ContainerHealthcheck {
  return {
    tests: ["CMD", "/usr/local/bin/gatehouse-keeper", "health"],
    interval: goDuration(75),
    timeout: goDuration(10),
    retries: 1,
    startPeriod: goDuration(20),
  };
}
