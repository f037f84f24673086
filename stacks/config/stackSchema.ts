import { z } from "zod";

import { map } from "./primitives";
import { devicesSchema, usersSchema } from "./schemaDevices";
import { proxySchema } from "./schemaProxy";
import { revokedSchema } from "./schemaRevoked";
import { serviceSchema } from "./schemaService";
import { authoritySchema, externalSchema, mtlsSchema, networksSchema, secretSchema } from "./schemaTrust";

/** Namespace of every key: the project's name in Pulumi.yaml. */
export const NAMESPACE = "gatehouse";

/**
 * The one source of types, validation and JSON Schema. The keys here are the keys of Pulumi.<stack>.yaml without
 * their namespace.
 */
export const stackSchema = z.strictObject({
  environment: z
    .string()
    .optional()
    .describe("Name of the environment, part of every certificate's names, e.g. dev. Default: the stack's name"),
  domain: z.string().min(1).describe("Your internal domain, part of every certificate's names, e.g. corp.test"),
  production: z
    .boolean()
    .default(false)
    .describe("Whether this is a production environment: refuses a managed authority and insecureUntil"),
  authority: authoritySchema,
  mtls: mtlsSchema,
  revoked: revokedSchema,
  users: usersSchema,
  devices: devicesSchema,
  proxy: proxySchema,
  services: map(serviceSchema, "The services by name; the name is what callers dial and what certificates say"),
  external: map(externalSchema, "HTTPS servers outside of this stack, by the name that callers use"),
  networks: networksSchema,
  secrets: map(secretSchema, "Secrets for services, by name"),
});

/** What the schema makes of a configuration: defaults filled in, durations in hours, before the rules. */
export type Stack = z.output<typeof stackSchema>;

export const TOP_LEVEL_KEYS: readonly string[] = Object.keys(stackSchema.shape);
