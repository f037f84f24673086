// A container with the programs that people and devices come with. It shares the host's network, so that it reaches the
// published port as they would.
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { folderHash } from "../../../components/gateImage";

const FOLDER = join(__dirname, "clients");

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Clients {
  private constructor(private readonly id: string) {}

  /** Builds the image where it is not there yet; without it no test can run, and the build says why. */
  static async image(): Promise<string> {
    const tag = `gatehouse/test-clients:${folderHash(FOLDER)}`;
    // The old builder, since the other one does not see a base image that was imported.
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    await promisify(execFile)("docker", ["build", "--tag", tag, FOLDER], { env, maxBuffer: 64 << 20 });
    return tag;
  }

  /** @param folder of this machine, which is `/work` in there */
  static async start(name: string, folder: string): Promise<Clients> {
    // Names under localhost: curl and browsers know them by themselves, the C library does not.
    const names = ["echo", "open", "free"].map((host) => `--add-host=${host}.localhost:127.0.0.1`);
    const options = ["--detach", "--init", "--network", "host", ...names, "--shm-size", "256m", "--workdir", "/work"];
    const where = ["--name", `clients.${name}`, "--volume", `${folder}:/work`, await Clients.image()];
    const { stdout } = await promisify(execFile)("docker", ["run", ...options, ...where, "sleep", "infinity"]);
    return new Clients(stdout.trim());
  }

  /** Runs a command of a shell, bounded in time; with `input` on its standard input. */
  run(script: string, folder = "/work", seconds = 90): Promise<Said> {
    const args = ["exec", "--workdir", folder, this.id, "timeout", String(seconds), "sh", "-c", script];
    const child = spawn("docker", args, { stdio: ["ignore", "pipe", "pipe"] });
    const said = { out: "", err: "" };
    child.stdout.on("data", (data: Buffer) => (said.out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (said.err += data.toString()));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? -1, ...said }));
    });
  }

  async dispose(): Promise<void> {
    await promisify(execFile)("docker", ["rm", "--force", this.id]);
  }
}
