/** Something that the person at the keyboard can mend: told in words, with the fix, without a stack trace. Exit code 1. */
export class Failure extends Error {
  constructor(
    message: string,
    public readonly fix: string,
  ) {
    super(message);
    this.name = "Failure";
  }
}

/** The command was called in a way that it does not know. Exit code 2. */
export class UsageFailure extends Failure {}

/** The stack is not up, or there is none: a command that can do with the settings alone goes on. */
export class NotUp extends Failure {}

export const EXIT = { ok: 0, wrong: 1, usage: 2 } as const;
