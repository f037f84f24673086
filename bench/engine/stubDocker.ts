// A Docker engine that remembers what it is told and does nothing: 300 containers are more than a small machine runs. The
// engine, the providers and the programs are the real ones; only the work behind the socket is left out, on both sides.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Thing = Record<string, unknown>;

const id = (): string => randomBytes(32).toString("hex");
/** The same tag has the same id in every stub, as the same build would have. */
const imageId = (tag: string): string => `sha256:${createHash("sha256").update(tag).digest("hex")}`;
const now = (): string => new Date().toISOString();

export class StubDocker {
  private readonly folder = mkdtempSync(join(tmpdir(), "gatehouse-bench-docker-"));
  private readonly server: Server;
  private readonly images = new Map<string, string>();
  private readonly networks = new Map<string, Thing>();
  private readonly volumes = new Map<string, Thing>();
  private readonly containers = new Map<string, Thing>();

  private constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  static async start(): Promise<StubDocker> {
    const stub = new StubDocker();
    await new Promise<void>((resolve) => stub.server.listen(join(stub.folder, "docker.sock"), resolve));
    return stub;
  }

  get host(): string {
    return `unix://${join(this.folder, "docker.sock")}`;
  }

  get counts(): string {
    return `${this.containers.size} containers, ${this.networks.size} networks, ${this.volumes.size} volumes`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://docker");
    const path = url.pathname.replace(/^\/v\d+\.\d+/, "");
    const json = (request.headers["content-type"] ?? "").includes("json");
    const text = json ? Buffer.concat(chunks).toString("utf8") : "";
    const body = text === "" ? {} : (JSON.parse(text) as Thing);
    const [status, result] = this.handle(request.method ?? "GET", path, url.searchParams, body);
    response.writeHead(status, {
      "Content-Type": typeof result === "string" ? "text/plain" : "application/json",
      "Api-Version": "1.41",
      "Docker-Experimental": "false",
      Ostype: "linux",
      Server: "Docker/20.10.24 (linux)",
    });
    response.end(result === undefined ? undefined : typeof result === "string" ? result : JSON.stringify(result));
  }

  private handle(method: string, path: string, query: URLSearchParams, body: Thing): [number, unknown] {
    const [, kind = "", ...rest] = path.split("/");
    const last = rest[rest.length - 1] ?? "";
    switch (kind) {
      case "_ping":
        return [200, "OK"];
      case "version":
        return [200, { Version: "20.10.24", ApiVersion: "1.41", MinAPIVersion: "1.12", Os: "linux", Arch: "amd64" }];
      case "info":
        return [200, { ID: "stub", OSType: "linux", ServerVersion: "20.10.24" }];
      case "build":
        for (const tag of query.getAll("t")) this.images.set(tag, imageId(tag));
        return [200, `${JSON.stringify({ stream: "Successfully built\n" })}\n`];
      case "images":
        return this.image(method, decodeURIComponent(rest.join("/")));
      case "networks":
        return this.network(method, rest[0] ?? "", last, body);
      case "volumes":
        return this.volume(method, rest[0] ?? "", body);
      case "containers":
        return this.container(method, rest[0] ?? "", last, query, body);
      default:
        return [404, { message: `no stub for ${method} ${path}` }];
    }
  }

  private image(method: string, path: string): [number, unknown] {
    const all = [...this.images].map(([tag, its]) => ({
      Id: its,
      RepoTags: [tag],
      RepoDigests: [],
      Created: 0,
      Size: 1,
    }));
    if (path === "json") return [200, all];
    if (method === "DELETE") return [200, []];
    const name = path.replace(/\/json$/, "");
    const found = all.find((it) => it.Id === name || it.RepoTags.includes(name));
    // A number in the list, a text when inspected: the API has it so.
    return found ? [200, { ...found, Created: now() }] : [404, { message: `No such image: ${name}` }];
  }

  private network(method: string, name: string, last: string, body: Thing): [number, unknown] {
    if (name === "create") {
      const made = { ...body, Id: id(), Scope: "local", Created: now(), Containers: {} };
      this.networks.set(made.Id, made);
      return [201, { Id: made.Id, Warning: "" }];
    }
    if (name === "") return [200, [...this.networks.values()]];
    if (last === "connect" || last === "disconnect") return [200, undefined];
    const found = find(this.networks, name);
    if (!found) return [404, { message: `network ${name} not found` }];
    if (method !== "DELETE") return [200, found];
    this.networks.delete(String(found.Id));
    return [204, undefined];
  }

  private volume(method: string, name: string, body: Thing): [number, unknown] {
    if (name === "create") {
      const made = {
        Driver: "local",
        Options: {},
        ...body,
        Mountpoint: `/volumes/${String(body.Name)}`,
        Scope: "local",
      };
      this.volumes.set(String(body.Name), made);
      return [201, made];
    }
    if (name === "") return [200, { Volumes: [...this.volumes.values()], Warnings: [] }];
    const found = this.volumes.get(name);
    if (!found) return [404, { message: `get ${name}: no such volume` }];
    if (method !== "DELETE") return [200, found];
    this.volumes.delete(name);
    return [204, undefined];
  }

  private container(
    method: string,
    name: string,
    last: string,
    query: URLSearchParams,
    body: Thing,
  ): [number, unknown] {
    if (name === "create") {
      const made = container(query.get("name") ?? "", body);
      this.containers.set(String(made.Id), made);
      return [201, { Id: made.Id, Warnings: [] }];
    }
    if (name === "json") return [200, [...this.containers.values()].map(listed)];
    const found = find(this.containers, name);
    if (!found) return [404, { message: `No such container: ${name}` }];
    if (method === "DELETE") {
      this.containers.delete(String(found.Id));
      return [204, undefined];
    }
    switch (last) {
      case "json":
        return [200, found];
      case "start":
        found.State = { ...(found.State as Thing), Status: "running", Running: true };
        return [204, undefined];
      case "wait":
        return [200, { StatusCode: 0 }];
      case "archive":
        return [200, undefined];
      default:
        return [204, undefined];
    }
  }
}

function find(things: ReadonlyMap<string, Thing>, name: string): Thing | undefined {
  return things.get(name) ?? [...things.values()].find((it) => it.Name === name || it.Name === `/${name}`);
}

function container(name: string, body: Thing): Thing {
  const { HostConfig, ...Config } = body;
  const host = HostConfig as Thing;
  return {
    Id: id(),
    Name: `/${name}`,
    Created: now(),
    Image: body.Image,
    Path: "",
    Args: [],
    State: { Status: "created", Running: false, ExitCode: 0, Pid: 1, StartedAt: now(), FinishedAt: now() },
    Config,
    HostConfig: host,
    NetworkSettings: { Networks: {}, Ports: host.PortBindings ?? {}, IPAddress: "", Gateway: "" },
    Mounts: [],
  };
}

function listed(it: Thing): Thing {
  const config = it.Config as Thing;
  return {
    Id: it.Id,
    Names: [it.Name],
    Image: it.Image,
    Labels: config.Labels ?? {},
    Ports: [],
    State: (it.State as Thing).Status,
    Status: "Up",
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}
