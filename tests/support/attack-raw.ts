// Bytes as an attacker writes them: no client library that would refuse or mend them.
import { connect, type ConnectionOptions } from "node:tls";

export interface Exchange {
  readonly port: number;
  /** Host name to ask for; none when absent. */
  readonly sni?: string;
  /** Client certificate and so on. */
  readonly tls?: ConnectionOptions;
  /** What is sent; a pause between two parts. */
  readonly send: string | Buffer | readonly (string | Buffer)[];
  /** Milliseconds between the parts. @default 50 */
  readonly pause?: number;
  /** Milliseconds without a byte after which the answer is taken as complete. @default 1500 */
  readonly quiet?: number;
  /** The same for its first byte. @default quiet */
  readonly first?: number;
}

export interface Answers {
  /** All that came, as latin1. */
  readonly text: string;
  /** Status codes of the answers in order. */
  readonly statuses: readonly number[];
  /** Why it ended: the peer closed, an error, or silence. */
  readonly end: string;
}

/** One connection, everything sent, everything received until the peer closes or falls silent. */
export function exchange(it: Exchange): Promise<Answers> {
  return new Promise((resolve) => {
    let text = "";
    let timer: NodeJS.Timeout | undefined;
    const parts = typeof it.send === "string" || Buffer.isBuffer(it.send) ? [it.send] : [...it.send];
    const socket = connect({
      host: "127.0.0.1",
      port: it.port,
      rejectUnauthorized: false,
      ...(it.sni !== undefined && { servername: it.sni }),
      ...it.tls,
    });
    const finish = (end: string): void => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((found) => Number(found[1]));
      resolve({ text, statuses, end });
    };
    const listen = (): void => {
      clearTimeout(timer);
      const quiet = it.quiet ?? 1500;
      timer = setTimeout(
        () => finish("silence"),
        parts.length > 0 ? 60_000 : text === "" ? (it.first ?? quiet) : quiet,
      );
    };
    const write = (): void => {
      const part = parts.shift();
      if (part === undefined || socket.destroyed) return;
      socket.write(part);
      listen();
      setTimeout(write, it.pause ?? 50);
    };
    timer = setTimeout(() => finish("silence"), 20_000);
    socket.once("secureConnect", write);
    socket.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      listen();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => finish(`error: ${error.code ?? ""} ${error.message}`));
    socket.once("end", () => finish("closed"));
    socket.once("close", () => finish("closed"));
  });
}
