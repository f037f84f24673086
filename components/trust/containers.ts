import { Writable } from "node:stream";

import Docker from "dockerode";

import type { LogSource, SourceContainer } from "./audit/collect";
import { LogLines } from "./audit/logStream";

/** What a command in a container printed, and how it ended. */
export interface Execution {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Docker engine as proof and audit need it: commands inside of running containers, and what containers have logged. */
export class Engine implements LogSource {
  private readonly docker: Docker;

  /** `host` as in DOCKER_HOST: `unix:///var/run/docker.sock`, `tcp://...`, `ssh://...`. Default: the environment's. */
  constructor(host?: string) {
    this.docker = host?.startsWith("unix://") ? new Docker({ socketPath: host.slice("unix://".length) }) : new Docker();
  }

  /** Runs a command; `input` goes to its standard input. */
  async exec(container: string, command: readonly string[], input?: string): Promise<Execution> {
    const exec = await this.docker.getContainer(container).exec({
      Cmd: [...command],
      AttachStdout: true,
      AttachStderr: true,
      AttachStdin: input !== undefined,
    });
    const stream = await exec.start({ hijack: input !== undefined, stdin: input !== undefined });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    this.docker.modem.demuxStream(
      stream,
      sink((chunk) => stdout.push(chunk)),
      sink((chunk) => stderr.push(chunk)),
    );
    if (input !== undefined) stream.end(input);
    await new Promise<void>((resolve, reject) => {
      stream.on("end", resolve);
      stream.on("close", resolve);
      stream.on("error", reject);
    });
    const { ExitCode } = await exec.inspect();
    return {
      exitCode: ExitCode ?? -1,
      stdout: Buffer.concat(stdout).toString("utf8"),
      stderr: Buffer.concat(stderr).toString("utf8"),
    };
  }

  /** The image of a container and the networks that it is on. */
  async describe(container: string): Promise<{ image: string; networks: string[] }> {
    const { Image, NetworkSettings } = await this.docker.getContainer(container).inspect();
    return { image: Image, networks: Object.keys(NetworkSettings.Networks).sort() };
  }

  /** Starts a container that is there and does not run. */
  async start(container: string): Promise<void> {
    const target = this.docker.getContainer(container);
    const { State } = await target.inspect();
    if (!State.Running) await target.start();
  }

  /** Every container, running or not, that carries the label. */
  async withLabel(label: string): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: { label: [label] } });
  }

  /** Network name -> the first gateway address that its address plan has. */
  async gateways(): Promise<Record<string, string>> {
    const networks = await this.docker.listNetworks();
    return Object.fromEntries(
      networks.flatMap((network) => {
        const gateway = network.IPAM?.Config?.[0]?.Gateway;
        return gateway ? [[network.Name, gateway.split("/")[0] ?? gateway]] : [];
      }),
    );
  }

  /**
   * Runs a command in a container of its own that is gone afterwards: on these networks, with this volume read-only
   * at /trust, as this user, without any privilege.
   */
  async runOnce(
    image: string,
    place: { readonly networks: readonly string[]; readonly volume: string; readonly user: string },
    command: readonly string[],
    input: string,
  ): Promise<Execution> {
    const [first, ...others] = place.networks;
    const container = await this.docker.createContainer({
      Image: image,
      Entrypoint: ["/bin/sleep", "300"],
      User: place.user,
      Labels: { "gatehouse.role": "probe" },
      HostConfig: {
        AutoRemove: true,
        Init: true,
        CapDrop: ["ALL"],
        ReadonlyRootfs: true,
        SecurityOpt: ["no-new-privileges"],
        NetworkMode: first,
        Binds: [`${place.volume}:/trust:ro`],
      },
    });
    try {
      for (const name of others) await this.docker.getNetwork(name).connect({ Container: container.id });
      await container.start();
      return await this.exec(container.id, command, input);
    } finally {
      await container.remove({ force: true });
    }
  }

  /** Every container, running or not. */
  async containers(): Promise<SourceContainer[]> {
    const all = await this.docker.listContainers({ all: true });
    return all.map((it) => ({
      id: it.Id,
      name: it.Names[0]?.replace(/^\//, "") ?? it.Id.slice(0, 12),
      created: it.Created * 1000,
      labels: it.Labels,
      addresses: Object.values(it.NetworkSettings.Networks)
        .map((network) => network.IPAddress)
        .filter((address) => address !== ""),
    }));
  }

  /** Says every line that is still there, oldest first, with its moment (RFC 3339). Never holds the whole log. */
  async readLog(container: string, say: (at: string, line: string) => void): Promise<void> {
    // dockerode's own `logs` gives a stream only of a log that it follows, else one buffer.
    const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
      this.docker.modem.dial(
        {
          path: `/containers/${container}/logs?`,
          method: "GET",
          isStream: true,
          statusCodes: { 200: true, 404: "no such container", 500: "server error", 501: "its log driver keeps no log" },
          options: { stdout: true, stderr: true, timestamps: true, follow: false },
        },
        (error, result) => {
          if (error) reject(error);
          else if (result !== null && "pipe" in result) resolve(result);
          else reject(new Error("no stream"));
        },
      ),
    );
    const lines = new LogLines((line) => {
      const space = line.indexOf(" ");
      if (space > 0) say(line.slice(0, space), line.slice(space + 1));
    });
    for await (const chunk of stream) lines.take(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
    lines.end();
  }

  /** Every running container with a published port. */
  async publishing(): Promise<Docker.ContainerInfo[]> {
    const running = await this.docker.listContainers();
    return running.filter((it) => it.Ports.some((port) => port.PublicPort !== undefined));
  }
}

function sink(take: (chunk: Buffer) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      take(chunk);
      done();
    },
  });
}
