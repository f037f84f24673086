import { refuse, type Problem } from "../../components/problems";
import { buildConfig } from "./build";
import { decodeRaw } from "./decode";
import type { Files } from "./files";
import { filesUnder } from "./files";
import { formatKey, valueAt } from "./keys";
import type { GatehouseConfig } from "./model";
import { showable } from "./redact";
import { callRules } from "./rules/calls";
import { deviceRules } from "./rules/devices";
import { fileRules } from "./rules/files";
import { nameRules } from "./rules/names";
import { networkRules, plan } from "./rules/networks";
import { revokedRules } from "./rules/revoked";
import { routeRules } from "./rules/routes";
import { referencedKeys, secretRules } from "./rules/secrets";
import { serviceRules } from "./rules/services";
import { trustRules } from "./rules/trust";
import { TOP_LEVEL_KEYS } from "./stackSchema";
import { checkShape } from "./shape";
import { makeView, type Report, type View } from "./view";

/** What a configuration is judged by, beside itself. */
export interface ParseContext {
  /** Name of the Pulumi stack; the environment's name unless that is configured. */
  readonly stack: string;
  /**
   * Top-level keys that are encrypted in Pulumi.<stack>.yaml; their values are never shown.
   * @default - not known: referenced keys are not checked for encryption
   */
  readonly secretKeys?: ReadonlySet<string>;
  /** @default - the files on disk, relative to the working directory */
  readonly files?: Files;
  /** @default - the present */
  readonly now?: Date;
}

const RULES: readonly ((view: View, report: Report) => void)[] = [
  nameRules,
  trustRules,
  revokedRules,
  deviceRules,
  routeRules,
  callRules,
  serviceRules,
  networkRules,
  fileRules,
];

/**
 * The configuration of a stack, complete and checked.
 *
 * @param raw the keys of the namespace, without it: texts as Pulumi keeps them, or values that are decoded already
 * @throws InvalidInput with every problem at once
 */
export function parseConfig(raw: Readonly<Record<string, unknown>>, context: ParseContext): GatehouseConfig {
  const decoded = decodeRaw(raw);
  const known = Object.fromEntries(Object.entries(decoded.values).filter(([key]) => TOP_LEVEL_KEYS.includes(key)));
  const unknown = Object.keys(decoded.values).filter((key) => !TOP_LEVEL_KEYS.includes(key));
  const shape = checkShape(known);

  const view = makeView(shape, decoded.values, {
    stack: context.stack,
    secretKeys: context.secretKeys,
    files: context.files ?? filesUnder(process.cwd()),
    now: context.now ?? new Date(),
  });
  const hidden = new Set([...(context.secretKeys ?? []), ...referencedKeys(shape.stack).map(({ key }) => key)]);
  const problems: Problem[] = [...decoded.problems];
  const report: Report = (path, rule, fix, ...value) => {
    const given = value.length > 0 ? value[0] : valueAt(decoded.values, path);
    problems.push({ key: formatKey(path), value: showable(path, given, hidden), rule, fix });
  };

  for (const { path, rule, fix } of shape.findings) report(path, rule, fix);
  // Without a whole section everything that refers to it would seem to dangle.
  if (decoded.problems.length > 0 || shape.findings.some(({ path }) => path.length === 1 && path[0] !== "domain"))
    refuse(sorted(problems));
  secretRules(view, unknown, report);
  for (const rule of RULES) rule(view, report);
  const addresses = plan(view);
  refuse(sorted([...problems, ...addresses.problems]));
  return buildConfig(view, addresses);
}

/** By key, then rule; Pulumi's maps come in no order. */
function sorted(problems: readonly Problem[]): Problem[] {
  const order = (problem: Problem): string => `${problem.key}\n${problem.rule}`;
  return [...problems].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
