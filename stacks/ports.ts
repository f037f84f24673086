import { createServer } from "node:net";

import type { GatehouseConfig } from "./config";
import type { Engine } from "../components/trust/containers";
import { UserError, type Problem } from "../components/problems";

/**
 * Ports of the entry that somebody else holds, found before anything is made. Throws a UserError when the Docker engine,
 * which is asked here for the first time, does not answer.
 */
export async function portProblems(config: GatehouseConfig, engine: Engine, local: boolean): Promise<Problem[]> {
  const wanted = [
    { key: "gatehouse:proxy.httpPort", port: config.proxy.httpPort },
    { key: "gatehouse:proxy.httpsPort", port: config.proxy.httpsPort },
  ];
  const publishing = await engine.publishing().catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `the Docker engine does not answer (${words}); nothing was changed\n` +
        "  fix: start it, and see that `docker ps` answers for this user; DOCKER_HOST names another one",
    );
  });
  const problems: Problem[] = [];
  for (const { key, port } of wanted) {
    const holder = publishing.find((it) =>
      it.Ports.some((its) => its.PublicPort === port && overlaps(its.IP, config.proxy.address)),
    );
    const fix = "stop it, or choose another port";
    if (holder) {
      // Our own entry, from an earlier update.
      const ours =
        holder.Labels["gatehouse.role"] === "entry" && holder.Labels["gatehouse.environment"] === config.environment;
      const name = holder.Names[0]?.replace(/^\//, "") ?? holder.Id.slice(0, 12);
      if (!ours) problems.push({ key, value: port, rule: `the port is free; the container ${name} has it`, fix });
    } else if (local && !(await isFree(config.proxy.address, port))) {
      problems.push({
        key,
        value: port,
        rule: `the port is free on ${config.proxy.address}; another program has it`,
        fix,
      });
    }
  }
  return problems;
}

function overlaps(published: string | undefined, wanted: string): boolean {
  return published === undefined || published === "0.0.0.0" || wanted === "0.0.0.0" || published === wanted;
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Only "in use" counts: whether we may bind it ourselves says nothing about the Docker engine.
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
