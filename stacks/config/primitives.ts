// The return types are zod's own and say more when inferred.
/* eslint-disable @typescript-eslint/explicit-module-boundary-types */
import { z } from "zod";

import { DURATION, parseDuration } from "../../components/pki/lifetimes";

/**
 * The building blocks of the schema. Every one takes the description that the JSON Schema shows, so that none can be
 * left out. What cannot be said in a type is a rule (folder rules).
 */

/** Where a rule inside the schema puts its rule and fix, for problems.ts to find. */
export interface RuleParams {
  readonly rule: string;
  readonly fix: string;
}

export type Refinement = {
  addIssue(issue: { code: "custom"; path: PropertyKey[]; params: object; message: string }): void;
};

/** Reports one broken rule at `path` from inside a `superRefine`. */
export function broken(context: Refinement, path: PropertyKey[], rule: string, fix: string): void {
  context.addIssue({ code: "custom", path, message: rule, params: { rule, fix } satisfies RuleParams });
}

export const text = (description: string, example: string) =>
  z.string().min(1).describe(`${description}, e.g. ${example}`);

export const flag = (fallback: boolean, description: string) => z.boolean().default(fallback).describe(description);

export const whole = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);

export const port = () => whole(1, 65535);

const hours = () => z.string().regex(DURATION, "a duration is a number of days or hours, such as 90d or 36h");

/** Written `90d` or `36h`, parsed to hours. */
export const duration = (fallback: string, description: string) =>
  hours().default(fallback).transform(parseDuration).describe(description);

/** The same, without a default of its own; the description says what holds then. */
export const optionalDuration = (description: string) =>
  hours()
    .optional()
    .transform((value) => (value === undefined ? undefined : parseDuration(value)))
    .describe(description);

/** A length of time that can be short, written `30s`, `5m`, `24h` or `7d`, parsed to seconds. */
export const shortDuration = (fallback: string, description: string) =>
  z
    .string()
    .regex(
      /^[1-9]\d{0,5}[smhd]$/,
      "a length of time is a number of seconds, minutes, hours or days, such as 30s or 24h",
    )
    .default(fallback)
    .transform((text) => Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS])
    .describe(description);

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** A path of a file or folder of the user's, relative to the folder of Pulumi.yaml. */
export const file = (description: string) =>
  z.string().min(1).describe(`${description}; a path, relative to the folder of Pulumi.yaml`);

/** The name of an encrypted key of this namespace: `pulumi config set --secret gatehouse:<name>`. */
export const secretKey = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]*$/, "the name of a key: letters, digits and -")
    .describe(
      `${description}; the name of an encrypted key that you set by: pulumi config set --secret gatehouse:<name>`,
    );

/** A map from names to entries. The keys are checked by rules, which say more than a pattern can. */
export const map = <T extends z.ZodType>(entry: T, description: string) =>
  z.record(z.string(), entry).prefault({}).describe(description);
