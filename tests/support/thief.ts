// Somebody with a copy of certificates and keys, on the networks of a container of the stack.
import { spawn } from "node:child_process";

import { docker } from "./stack-docker";

const PLACE = "/run/gatehouse/stolen";

/** Runs a command in a container with a text on its standard input. */
export function execWithInput(container: string, input: string, ...command: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", ["exec", "-i", container, ...command], { stdio: ["pipe", "pipe", "pipe"] });
    const out: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => out.push(chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out.join("")) : reject(new Error(out.join("")))));
    child.stdin.end(input);
  });
}

export class Thief {
  /** @param container Docker's name of a container with the gate image, from whose place he calls */
  constructor(private readonly container: string) {}

  /** Copies files of the active release of a container. */
  async steal(from: string, file: string, as = file): Promise<void> {
    const text = await docker("exec", from, "cat", `/run/gatehouse/active/${file}`);
    await execWithInput(this.container, `${text}\n`, "sh", "-c", `mkdir -p ${PLACE} && cat > ${PLACE}/${as}`);
  }

  /**
   * Calls a service with a stolen client certificate, as the proof would: `accepted`, or what became of it.
   *
   * @param protocol `http` behind a sidecar, `plain-http` for a service that does its own TLS
   */
  async call(host: string, client: string, protocol: "http" | "plain-http"): Promise<string> {
    const line = ["tls", "it", host, 8443, host, "ca-chain.pem", client, "-", protocol, "accepted"].join("\t");
    const answer = await execWithInput(this.container, `${line}\n`, "gatehouse-prove", PLACE);
    const [, state, seen = ""] = answer.trim().split("\t");
    return state === "ok" ? "accepted" : seen;
  }
}

/** A server in the place of another one: at its address, with whatever certificate it is given. */
export class Impostor {
  private constructor(private readonly container: string) {}

  /** Takes address and name of `victim` on a network over, which loses them. */
  static async instead(victim: string, network: string, alias: string, image: string): Promise<Impostor> {
    const facts = await docker(
      "inspect",
      "--format",
      `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
      victim,
    );
    const name = `${victim}.impostor`;
    await docker("network", "disconnect", network, victim);
    await docker(
      ...["run", "--detach", "--rm", "--name", name, "--network", network, "--ip", facts],
      ...["--network-alias", alias],
      ...["--entrypoint", "sleep", image, "600"],
    );
    return new Impostor(name);
  }

  /** Serves from now on with this chain and key. */
  async serve(chain: string, key: string): Promise<void> {
    await execWithInput(this.container, chain, "sh", "-c", "cat > /tmp/chain.pem");
    await execWithInput(this.container, key, "sh", "-c", "cat > /tmp/key.pem");
    await docker(
      ...["exec", this.container, "bash", "-c", "kill $(cat /tmp/pid 2>/dev/null) 2>/dev/null; rm -f /tmp/pid; true"],
    );
    const server =
      "openssl s_server -accept 8443 -cert /tmp/chain.pem -cert_chain /tmp/chain.pem -key /tmp/key.pem -www";
    await docker(
      "exec",
      "--detach",
      this.container,
      "bash",
      "-c",
      `echo $$ > /tmp/pid; exec ${server} >/dev/null 2>&1`,
    );
    const deadline = Date.now() + 20_000;
    const listens = ["exec", this.container, "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8443"];
    while (
      !(await docker(...listens).then(
        () => true,
        () => false,
      ))
    ) {
      if (Date.now() > deadline) throw new Error("the impostor does not listen");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async remove(): Promise<void> {
    await docker("rm", "--force", this.container);
  }
}
