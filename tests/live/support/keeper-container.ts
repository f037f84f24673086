// The real image in a container as locked down as in production, its volume filled as in production: by a container that
// is created and never started.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import type { Release, ServerKind } from "./keeper-release";
import { NAME } from "./keeper-release";

const LABEL = "gatehouse.test=1";
const HARDENED = [
  "--init",
  "--read-only",
  "--cap-drop=ALL",
  "--security-opt=no-new-privileges",
  "--pids-limit=512",
  "--memory=256m",
  "--memory-swap=256m",
];
const TMPFS = "mode=0700,size=16m,noexec,nosuid,nodev";

const run = promisify(execFile);
export const docker = async (...args: string[]): Promise<string> => (await run("docker", args)).stdout.trim();
const dockerQuietly = async (...args: string[]): Promise<void> => {
  await docker(...args).catch(() => undefined);
};

/** Builds images/<kind>; the image stays, as a cache for the next run. */
export function buildImage(kind: "gate" | "demo"): string {
  const tag = `gatehouse-${kind}:live-test`;
  execFileSync(
    "docker",
    ["build", "--quiet", "--label", LABEL, "--tag", tag, join(__dirname, "../../../images", kind)],
    {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  return tag;
}

export interface KeeperStatus {
  release: string | null;
  state: "starting" | "pending" | "active" | "refused";
  refused: { release: string | null; reason: string } | null;
}

export interface Health {
  ok: boolean;
  line: string;
}

/** A volume with trust material and a container that lives off it. */
export class KeeperContainer {
  readonly name = `gatehouse-test-${randomBytes(6).toString("hex")}`;
  private port = 0;

  constructor(
    private readonly image: string,
    private readonly server: ServerKind,
  ) {}

  /** Fills the volume before or while the container runs: file by file in the given order, or all at once. */
  async deliver(release: Release, order?: string[]): Promise<void> {
    const loader = `${this.name}-loader-${randomBytes(3).toString("hex")}`;
    const source = mkdtempSync(join(tmpdir(), "gatehouse-release-"));
    try {
      await docker(
        "create",
        "--label",
        LABEL,
        "--name",
        loader,
        "--network",
        "none",
        "--volume",
        `${this.name}:/trust`,
        this.image,
        "status",
      );
      for (const [file, text] of Object.entries(release.files))
        writeFileSync(join(source, file), text, { mode: 0o644 });
      chmodSync(source, 0o755);
      if (order) for (const file of order) await docker("cp", join(source, file), `${loader}:/trust/${file}`);
      else await docker("cp", `${source}/.`, `${loader}:/trust/`);
    } finally {
      rmSync(source, { recursive: true, force: true });
      await dockerQuietly("rm", loader);
    }
  }

  /** Starts the keeper; what it serves is published on a free port of this host. */
  async start(...extra: string[]): Promise<void> {
    await docker(
      "run",
      "--detach",
      "--label",
      LABEL,
      "--name",
      this.name,
      ...HARDENED,
      "--user",
      "10100:10100",
      "--tmpfs",
      `/run/gatehouse:uid=10100,gid=10100,${TMPFS}`,
      "--volume",
      `${this.name}:/trust:ro`,
      "--publish",
      "127.0.0.1::8443",
      ...extra,
      this.image,
      this.server,
    );
    const published = await docker("port", this.name, "8443/tcp");
    this.port = Number(published.split(":").pop());
  }

  /** Starts a service of the demo image with its own TLS, and the keeper as its companion. */
  async startWithService(demoImage: string, ...command: string[]): Promise<void> {
    await docker("network", "create", "--label", LABEL, this.name);
    await docker(
      "run",
      "--detach",
      "--label",
      LABEL,
      "--name",
      `${this.name}-service`,
      ...HARDENED,
      "--network",
      this.name,
      "--network-alias",
      "orders",
      "--tmpfs",
      `/run/demo:uid=10200,gid=10200,${TMPFS}`,
      "--volume",
      `${this.name}:/trust:ro`,
      demoImage,
      ...command,
    );
    await docker(
      "run",
      "--detach",
      "--label",
      LABEL,
      "--name",
      this.name,
      ...HARDENED.filter((option) => option !== "--init"),
      "--user",
      "10200:10200",
      "--network",
      this.name,
      "--pid",
      `container:${this.name}-service`,
      "--tmpfs",
      `/run/gatehouse:uid=10200,gid=10200,${TMPFS}`,
      "--volume",
      `${this.name}:/trust:ro`,
      this.image,
      "companion",
    );
  }

  async status(): Promise<KeeperStatus> {
    return JSON.parse(await docker("exec", this.name, "gatehouse-keeper", "status")) as KeeperStatus;
  }

  async health(): Promise<Health> {
    try {
      return { ok: true, line: await docker("exec", this.name, "gatehouse-keeper", "health") };
    } catch (error) {
      return { ok: false, line: String((error as { stdout?: string }).stdout).trim() };
    }
  }

  /** Waits until the keeper has made up its mind about a release. */
  async decided(release: Release): Promise<KeeperStatus> {
    return this.until(
      (status) => (status.state === "active" ? status.release : status.refused?.release) === release.id,
    );
  }

  async until(condition: (status: KeeperStatus) => boolean): Promise<KeeperStatus> {
    const deadline = Date.now() + 90_000;
    for (;;) {
      const status = await this.status();
      if (condition(status)) return status;
      if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(status)}\n${await this.logs()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** One request over a new connection: the certificate (PEM) that was served. */
  async get(authority: string): Promise<string> {
    const { certificate, answer } = this.open("GET", authority);
    await answer;
    return certificate();
  }

  /** A request whose body is still to come: `finish` sends it and gives the status code. */
  async hold(authority: string): Promise<{ finish: () => Promise<number> }> {
    const { message, answer } = this.open("POST", authority);
    message.write("hal");
    await new Promise((resolve) =>
      message.once("socket", (socket: TLSSocket) => socket.once("secureConnect", resolve)),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    return {
      finish: () => {
        message.end("f-way");
        return answer;
      },
    };
  }

  private open(method: string, authority: string) {
    const message = request({
      host: "127.0.0.1",
      port: this.port,
      servername: NAME,
      ca: authority,
      agent: false,
      method,
      path: "/",
      headers: { host: NAME, connection: "close", ...(method === "POST" && { "content-length": "8" }) },
    });
    let served = "";
    const answer = new Promise<number>((resolve, reject) => {
      message.once("error", reject);
      message.once("close", () => reject(new Error("closed without an answer")));
      message.setTimeout(20_000, () => message.destroy(new Error("no answer within 20 s")));
      message.once("response", (response) => {
        served = (response.socket as TLSSocket).getPeerX509Certificate()?.toString() ?? "";
        response.resume();
        response.once("end", () => {
          const code = response.statusCode ?? 0;
          if (code === 204) resolve(code);
          else reject(new Error(`status ${code}`));
        });
      });
    });
    if (method === "GET") message.end();
    return { message, answer, certificate: () => served };
  }

  logs(): Promise<string> {
    return run("docker", ["logs", this.name]).then(({ stdout, stderr }) => stdout + stderr);
  }

  inspect(format: string): Promise<string> {
    return docker("inspect", "--format", format, this.name);
  }

  async remove(): Promise<void> {
    await dockerQuietly("rm", "--force", "--volumes", this.name);
    await dockerQuietly("rm", "--force", "--volumes", `${this.name}-service`);
    await dockerQuietly("volume", "rm", "--force", this.name);
    await dockerQuietly("network", "rm", this.name);
  }
}
