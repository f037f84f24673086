import { z } from "zod";

import { broken, file, flag, map, port, text, whole } from "./primitives";

/** Port that a TLS sidecar listens on, and a service that does its own TLS unless told otherwise. */
export const TLS_PORT = 8443;
/** Group of the programs that may read a delivered key. */
export const KEY_GROUP = 10200;

const imageSchema = z
  .strictObject({
    reference: z.string().min(1).optional().describe("An image to pull, e.g. redis:7.2.4. Default: none, see build"),
    build: file("A folder with a Dockerfile, e.g. images/demo. Default: none, see reference").optional(),
  })
  .superRefine((value, context) => {
    if ((value.reference === undefined) === (value.build === undefined))
      broken(context, [], "an image is pulled or built: exactly one of reference and build", "set one of them");
  })
  .transform(({ reference, build }): { reference: string } | { build: string } =>
    reference !== undefined ? { reference } : { build: build ?? "" },
  )
  .describe("The container's image: reference (pulled) or build (a folder), exactly one");

const signal = z
  .string()
  .regex(/^(HUP|USR1|USR2|TERM|INT|QUIT|WINCH)$/, "one of: HUP, USR1, USR2, TERM, INT, QUIT, WINCH")
  .describe("Signal that makes the program read its certificates again, e.g. HUP");

const tlsSchema = z
  .strictObject({
    mode: z
      .enum(["sidecar", "own"])
      .default("sidecar")
      .describe("sidecar: a HAProxy in front speaks TLS for a plain application; own: the program does its own TLS"),
    port: port().optional().describe(`own only: port on which the program speaks TLS. Default: ${TLS_PORT}`),
    group: whole(1, 65_535).optional().describe(`own only: group that may read the private key. Default: ${KEY_GROUP}`),
    reload: z
      .union([z.literal("replace"), z.strictObject({ signal })])
      .optional()
      .describe(
        "own only: how the program learns of new certificates, by a signal or by being replaced. Default: { signal: HUP }",
      ),
  })
  .prefault({})
  .superRefine((value, context) => {
    if (value.mode === "own") return;
    for (const key of ["port", "group", "reload"] as const) {
      if (value[key] !== undefined) broken(context, [key], "only for mode: own", `set mode: own, or remove ${key}`);
    }
  })
  .transform(({ mode, port: tlsPort, group, reload }) =>
    mode === "own"
      ? { mode, port: tlsPort ?? TLS_PORT, group: group ?? KEY_GROUP, reload: reload ?? { signal: "HUP" } }
      : { mode },
  )
  .describe("Who speaks TLS for the service");

const callSchema = z
  .union([
    z.string().min(1).describe("Name of a service or external server"),
    z.strictObject({
      to: text("Name of the service or external server", "inventory"),
      port: port()
        .optional()
        .describe("Port under which the caller reaches it. Default: 80 for http, the callee's own port for tcp"),
    }),
  ])
  .transform((call) => (typeof call === "string" ? { to: call } : call));

const volumeSchema = z
  .strictObject({
    name: text("Name of the volume", "data"),
    path: text("Absolute path inside the container", "/var/lib/data"),
    readOnly: flag(false, "Whether it is mounted read-only"),
  })
  .describe("A named volume");

const healthCheckSchema = z
  .strictObject({
    command: z
      .array(z.string())
      .min(1)
      .describe('Program and arguments, run inside the container, e.g. ["pg_isready"]'),
    intervalSeconds: whole(1, 3600).default(10).describe("Time between two checks"),
    timeoutSeconds: whole(1, 600).default(5).describe("Time after which a check counts as failed"),
    retries: whole(1, 100).default(3).describe("Failures in a row that make it unhealthy"),
    startPeriodSeconds: whole(0, 3600).default(10).describe("Time at the start in which failures do not count"),
  })
  .optional()
  .describe("How Docker sees that the service works. Default: none");

const limitsSchema = z
  .strictObject({
    memoryMb: whole(6, 1_048_576).default(256).describe("Memory in MiB"),
    cpus: z.number().positive().max(1024).default(1).describe("CPUs, e.g. 0.5"),
  })
  .prefault({})
  .describe("What the container may use at most");

export const serviceSchema = z
  .strictObject({
    image: imageSchema,
    command: z.array(z.string()).min(1).optional().describe("Program and arguments. Default: the image's own"),
    user: z
      .string()
      .regex(/^\d+(:\d+)?$/, "a user is a number, or two: user:group")
      .optional()
      .describe(
        'Numeric user, or user and group, that the program runs as, e.g. "10001:10001". Default: the image\'s own',
      ),
    environment: map(
      z.string().describe("A text; quote numbers"),
      "Environment variables; never a secret, see secrets",
    ),
    secrets: z.array(z.string()).prefault([]).describe("Names from gatehouse:secrets that the service gets as files"),
    volumes: z.array(volumeSchema).prefault([]).describe("Named volumes for data that outlives the container"),
    tmpfs: z.array(z.string()).prefault([]).describe('Absolute paths that are writable and forgotten, e.g. ["/tmp"]'),
    healthCheck: healthCheckSchema,
    limits: limitsSchema,
    tls: tlsSchema,
    protocol: z
      .enum(["http", "tcp"])
      .default("http")
      .describe("What the service speaks under TLS; tcp is anything else"),
    port: port()
      .optional()
      .describe(
        "Plain port that the application listens on; for tcp also the port that callers use. Default: none; needed with a sidecar",
      ),
    calls: z
      .array(callSchema)
      .prefault([])
      .describe("What it may call: names, or { to, port }. Everything else is refused by network and by certificate"),
    readOnlyRoot: flag(true, "Whether the container's file system is read-only, but for volumes and tmpfs"),
    idleTimeoutSeconds: whole(1, 604_800).default(3600).describe("How long a silent tcp connection is kept open"),
  })
  .superRefine((value, context) => {
    if (value.tls.mode === "sidecar" && value.port === undefined)
      broken(context, ["port"], "behind a sidecar the application's plain port must be known", "set port, e.g. 8000");
    if (value.tls.mode === "own" && value.tls.reload !== "replace" && value.user === undefined)
      broken(
        context,
        ["user"],
        "the companion that signals the program must run as the same user, and neither as root",
        'set user to what the image uses, e.g. "10001:10001", or tls.reload: replace',
      );
    if (value.tls.mode === "own" && value.port !== undefined)
      broken(
        context,
        ["port"],
        "only behind a sidecar; a service with its own TLS has tls.port",
        "remove port, set tls.port",
      );
  })
  .transform((value) => {
    const tlsPort = value.tls.mode === "own" ? value.tls.port : TLS_PORT;
    return { ...value, port: value.port ?? tlsPort, tlsPort };
  })
  .describe("A container and what it may talk to");
