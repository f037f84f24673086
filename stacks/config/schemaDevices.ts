import { z } from "zod";

import { duration, map, optionalDuration, text, whole } from "./primitives";
import { existingAuthority, sourceFits } from "./schemaTrust";

export const usersSchema = z
  .strictObject({
    source: z
      .enum(["managed", "existing"])
      .default("managed")
      .describe(
        "managed: root and intermediate are made by the stack and live in its encrypted state (refused in production); existing: bring an issuing certificate and key of your own, under another root than that of services",
      ),
    existing: existingAuthority,
    keyAlgorithm: z
      .enum(["P256", "P384"])
      .optional()
      .describe("Elliptic curve of the keys that the stack makes. Default: as in gatehouse:authority"),
    root: optionalDuration("Validity of a managed root. Default: as in gatehouse:authority"),
    intermediate: optionalDuration("Validity of a managed intermediate. Default: as in gatehouse:authority"),
  })
  .prefault({})
  .superRefine(sourceFits)
  .transform(({ root, intermediate, ...rest }) => ({ ...rest, rootHours: root, intermediateHours: intermediate }))
  .describe("The authority of people and devices: a root of its own, so that none of them can pass as a service");

const deviceSchema = z
  .strictObject({
    owner: text("Who answers for it", "ann@corp.test"),
    purpose: text("What it is for", "laptop of the night shift"),
    valid: duration(
      "90d",
      "Validity of its certificate, shorter than the users' intermediate's; for the next one issued",
    ),
    generation: whole(1, 1_000_000)
      .default(1)
      .describe(
        "Number of its certificate: one more for a new key and certificate, as `gatehouse device renew` writes it; nothing else renews it",
      ),
  })
  .describe("A device or API client with a certificate of its own; what is written here is public");

export const devicesSchema = map(
  deviceSchema,
  "Devices and API clients by name, each with a client certificate for the entry",
);
