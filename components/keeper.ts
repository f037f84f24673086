import type { input } from "@pulumi/docker/types";

/** Health check of every container that the keeper runs: serving, and on the release that was delivered. */
export function keeperHealth(): input.ContainerHealthcheck {
  return {
    tests: ["CMD", "/usr/local/bin/gatehouse-keeper", "health"],
    interval: "30s",
    timeout: "5s",
    retries: 2,
    startPeriod: "20s",
  };
}
