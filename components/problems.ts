/**
 * One thing that is wrong with what a user wrote: where, what, against which rule, and how to mend it.
 * Rules collect problems instead of throwing, so that a user sees all of them at once.
 */
export interface Problem {
  /** Configuration key or argument path, e.g. `gatehouse:services.orders.port`. */
  readonly key: string;
  /** What was given; `Redacted` where it must not be shown. Never a secret. */
  readonly value: unknown;
  /** The rule that it breaks, as a sentence without a final period. */
  readonly rule: string;
  /** What to do about it, as a sentence without a final period. */
  readonly fix: string;
}

/** Stands in a problem for a value that is not shown: printed `[secret]`, without quotes. */
export class Redacted {
  constructor(readonly text: string) {}

  toString(): string {
    return `[${this.text}]`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** An error for people: its message says everything, and it carries no stack. */
export class UserError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UserError";
    // Pulumi prints errors marked like this as their message alone (sdk/nodejs/errors.ts, isRunError).
    Object.defineProperty(this, "__pulumiRunError", { value: true, enumerable: false });
    // It inspects them all the same (cmd/run/run.ts), with colours, and there Node 20 never ends on a frame such as
    // node_modules/@pulumi/resource.ts (markNodeModules): 20 s and 2 GB until the text is too long for V8.
    this.stack = message;
  }
}

/** Raised once, with every problem found. */
export class InvalidInput extends UserError {
  constructor(readonly problems: readonly Problem[]) {
    super(formatProblems(problems));
    this.name = "InvalidInput";
  }
}

/** Every problem as `key: value / rule / fix`, sorted by key, ready to print. */
export function formatProblems(problems: readonly Problem[]): string {
  const sorted = [...problems].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const count = sorted.length === 1 ? "1 problem" : `${sorted.length} problems`;
  const lines = sorted.map((p) => `  ${p.key} = ${show(p.value)}\n      rule: ${p.rule}\n      fix:  ${p.fix}`);
  return `${count} in the configuration; nothing was changed\n${lines.join("\n")}`;
}

/** Throws {@link InvalidInput} when there is at least one problem. */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidInput(problems);
}

function show(value: unknown): string {
  if (value === undefined) return "(not set)";
  if (value instanceof Redacted) return value.toString();
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
