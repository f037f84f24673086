/** One line of a log of the stack, understood. */
export interface LogEntry {
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Docker's name of the container that wrote it. */
  readonly container: string;
  /** Bare name of the service that it belongs to. */
  readonly service: string;
  readonly component: "entry" | "sidecar" | "keeper" | "server";
  /** `request`: HTTP; `connection`: TCP; `handshake`: it ended there; `keeper`: about releases; `message`: other words. */
  readonly kind: "request" | "connection" | "handshake" | "keeper" | "message";
  /** Somebody, or a release, was turned away. */
  readonly refused: boolean;
  /** Bare name where it is one of the stack's, else the name in the certificate, or the address. */
  readonly caller?: string;
  readonly callee?: string;
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly ms?: number;
  readonly tls?: string;
  readonly release?: string;
  readonly event?: string;
  /** Why it was refused, or what a server said. */
  readonly reason?: string;
  /** A question of Gatehouse itself: health checks, the keeper's look at what is served, the proof of an update. */
  readonly own: boolean;
}

/** Where a line was found, and who is who in the stack. */
export interface Origin {
  readonly container: string;
  readonly service: string;
  readonly role: string;
  /** The container's own addresses. */
  readonly addresses: readonly string[];
  readonly people: People;
}

export interface People {
  /** Ends every full name: `.dev.corp.test`. */
  readonly suffix: string;
  /** Address -> service, as far as containers have one now. */
  readonly byAddress: ReadonlyMap<string, string>;
}
