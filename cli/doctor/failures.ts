import { bareName } from "./names";
import { FAILURES } from "./sentences";

/** What can be wrong with a hop. The ids are stable: machines may rely on them. */
export type FailureId = keyof typeof FAILURES;

/** Who and what a sentence is about. */
export interface Circumstances {
  /** Whose certificate it is: `orders`, or `shop.localhost`. */
  readonly whose: string;
  /** Who found out: `gate`. */
  readonly by?: string;
  /** Docker's name of the container to look at. */
  readonly container?: string;
  /** What the sentence needs beside: a name, a release, a list of files. */
  readonly detail?: string;
  /** What was expected: a name, a release. */
  readonly expected?: string;
  /** `whose` is a server outside of the stack: somebody else mends it. */
  readonly outside?: boolean;
  /** The very words of OpenSSL, Apache, HAProxy, the keeper or the engine. */
  readonly seen?: string;
  /** Bare name of the service at fault, where it is not `whose`. */
  readonly blames?: string;
}

/** One thing that is wrong, in words, and what to do about it. */
export interface Finding {
  readonly id: FailureId;
  readonly message: string;
  /** The very words of whoever saw it, as a search engine knows them. */
  readonly seen?: string;
  /** A command, or a key of the configuration. */
  readonly fix: string;
  /** The service, public host or outside server at fault. */
  readonly blames: string;
}

export const FAILURE_IDS = Object.keys(FAILURES).sort() as readonly FailureId[];

export function finding(id: FailureId, it: Circumstances): Finding {
  const words: Sentence = FAILURES[id];
  return {
    id,
    message: words.says(it),
    ...(it.seen !== undefined && it.seen !== "" && { seen: it.seen }),
    fix: words.fix(it),
    blames: it.blames ?? bareName(it.whose),
  };
}

export interface Sentence {
  readonly says: (it: Circumstances) => string;
  readonly fix: (it: Circumstances) => string;
}
