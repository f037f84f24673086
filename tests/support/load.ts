// Constant traffic through an entry, bounded by its own stop: each request by a new connection, or on kept ones.
import * as https from "node:https";
import type { IncomingMessage } from "node:http";
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";

export interface LoadTarget {
  readonly url: string;
  readonly port: number;
  readonly ca: string;
}

export interface LoadReport {
  readonly requests: number;
  /** Requests that no client would repeat, or that failed when repeated: status or error. */
  readonly failures: readonly string[];
  /** Kept connections that were closed while they were idle and reused: clients repeat these. */
  readonly repeated: number;
}

/** Traffic until `stop`, by `callers` at a time. */
export class Load {
  private stopping = false;
  private requests = 0;
  private repeated = 0;
  private readonly failures: string[] = [];
  private readonly callers: Promise<void>[];
  private readonly agents: https.Agent[] = [];

  constructor(
    private readonly target: LoadTarget,
    kind: "new connections" | "kept connections",
    callers = 2,
  ) {
    this.callers = Array.from({ length: callers }, async () => {
      const agent = kind === "kept connections" ? new https.Agent({ keepAlive: true, maxSockets: 1 }) : false;
      if (agent) this.agents.push(agent);
      while (!this.stopping) {
        await this.once(agent);
        // A pause: the test is about what happens to requests, not about how many there are.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  }

  async stop(): Promise<LoadReport> {
    this.stopping = true;
    await Promise.all(this.callers);
    for (const agent of this.agents) agent.destroy();
    return { requests: this.requests, failures: this.failures, repeated: this.repeated };
  }

  private async once(agent: https.Agent | false): Promise<void> {
    this.requests += 1;
    let outcome = await ask(this.target, agent);
    if (outcome.error && outcome.reused) {
      this.repeated += 1;
      outcome = await ask(this.target, agent);
    }
    if (outcome.error || outcome.status !== 200)
      this.failures.push(
        `${new Date().toISOString()} ${this.target.url} ${outcome.error ?? `status ${outcome.status}`}`,
      );
  }
}

interface Outcome {
  readonly status?: number;
  readonly error?: string;
  /** The connection had served requests before. */
  readonly reused: boolean;
}

export function ask(target: LoadTarget, agent: https.Agent | false = false): Promise<Outcome> {
  const { hostname, pathname, search } = new URL(target.url);
  return new Promise((resolve) => {
    const request = https.request(
      {
        host: "127.0.0.1",
        port: target.port,
        servername: hostname,
        path: `${pathname}${search}`,
        headers: { Host: hostname },
        ca: target.ca,
        agent,
        timeout: 30_000,
      },
      (response) => {
        response.resume();
        response.on("end", () => resolve({ status: response.statusCode ?? 0, reused: request.reusedSocket }));
        response.on("error", (error) => resolve({ error: error.message, reused: request.reusedSocket }));
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer within 30 s")));
    request.on("error", (error) => resolve({ error: error.message, reused: request.reusedSocket }));
    request.end();
  });
}

/** An open WebSocket (RFC 6455), as far as an echo needs it: short text messages. */
export class WebSocketEcho {
  private constructor(private readonly socket: Duplex) {
    // Said where it matters, in `say`; an error between two messages is no failure of its own.
    socket.on("error", () => socket.destroy());
  }

  static open(target: LoadTarget): Promise<WebSocketEcho> {
    const { hostname, pathname } = new URL(target.url);
    return new Promise((resolve, reject) => {
      const request = https.request({
        host: "127.0.0.1",
        port: target.port,
        servername: hostname,
        path: pathname,
        ca: target.ca,
        agent: false,
        headers: {
          Host: hostname,
          Connection: "Upgrade",
          Upgrade: "websocket",
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
        },
      });
      request.on("upgrade", (_response, socket) => resolve(new WebSocketEcho(socket)));
      request.on("response", (response: IncomingMessage) => reject(new Error(`status ${response.statusCode}`)));
      request.on("error", reject);
      request.end();
    });
  }

  /** Sends a text of at most 125 characters and returns the answer. */
  async say(text: string): Promise<string> {
    const payload = Buffer.from(text);
    const mask = randomBytes(4);
    const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    const answer = new Promise<string>((resolve, reject) => {
      this.socket.once("data", (frame: Buffer) => resolve(frame.subarray(2).toString("utf8")));
      this.socket.once("close", () => reject(new Error("the WebSocket was closed")));
      this.socket.once("error", reject);
    });
    this.socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]));
    return answer;
  }

  close(): void {
    this.socket.destroy();
  }
}
