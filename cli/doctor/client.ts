import { connect, type TLSSocket } from "node:tls";

const LIMIT_MS = 8_000;

/** What a client of a public host was told. */
export interface Answer {
  readonly code?: string;
  readonly words?: string;
  readonly fingerprint?: string;
  readonly version?: string;
  readonly status?: number;
  /** The handshake alone was asked for. */
  readonly silent?: boolean;
}

/** A handshake as a client makes it, and one request where there is a path to ask for. Fails on nothing: it tells. */
export function ask(
  address: string,
  port: number,
  host: string,
  path: string | undefined,
  ca: string[],
): Promise<Answer> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host: address,
      port,
      servername: host,
      ca,
      ALPNProtocols: ["http/1.1"],
      // Judged below, with the certificate at hand.
      rejectUnauthorized: false,
      timeout: LIMIT_MS,
    });
    let text = "";
    let known: Answer = {};
    const facts = (): Answer => ({
      fingerprint: socket.getPeerCertificate().fingerprint256,
      version: socket.getProtocol() ?? "no TLS",
    });
    const end = (answer: Answer): void => {
      resolve(answer);
      socket.destroy();
    };
    const answered = (): void => {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
      end({ ...facts(), ...(status !== undefined && { status: Number(status) }) });
    };
    socket.once("secureConnect", () => {
      known = facts();
      // Node's types say Error; it is a code, or an Error that has one.
      const fault: unknown = socket.authorizationError;
      if (!socket.authorized && fault) return end({ ...facts(), ...faultOf(fault) });
      if (path === undefined) return end({ ...facts(), silent: true });
      socket.write(
        `HEAD ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: gatehouse-doctor\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n")) answered();
    });
    socket.once("end", answered);
    socket.once("timeout", () => end({ code: "ETIMEDOUT", words: `nothing within ${LIMIT_MS / 1000} s` }));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      // With TLS 1.3 a refusal comes after the handshake, so there can be a certificate.
      end({ ...known, ...(error.code !== undefined && { code: error.code }), words: error.message }),
    );
  });
}

function faultOf(fault: unknown): Pick<Answer, "code" | "words"> {
  if (!(fault instanceof Error)) return { code: String(fault), words: String(fault) };
  return { ...("code" in fault && typeof fault.code === "string" && { code: fault.code }), words: fault.message };
}
