import type { Check } from "./plan";

/** What the provers found: the checks that failed, and how many were made. */
export interface Verdict {
  readonly checks: number;
  /** One or two lines each, sorted: edge, claim, what was seen, fix. */
  readonly failures: readonly string[];
}

/** Judges one prover's answers. A check without an answer has failed: silence proves nothing. */
export function judge(checks: readonly Check[], output: string): Verdict {
  const answers = new Map(
    output
      .split("\n")
      .filter((line) => line !== "")
      .map((line): [string, { state: string; seen: string }] => {
        const [id = "", state = "", ...seen] = line.split("\t");
        return [id, { state, seen: seen.join(" ") }];
      }),
  );
  const failures = checks.flatMap((check) => {
    const answer = answers.get(check.id);
    if (answer?.state === "ok") return [];
    const seen = answer ? answer.seen : "the prover gave no answer";
    return [`${check.about}: ${check.claim} - not so: ${seen}\n    fix: ${check.fix}`];
  });
  return { checks: checks.length, failures };
}

/** Many verdicts as one. */
export function join(verdicts: readonly Verdict[]): Verdict {
  return {
    checks: verdicts.reduce((sum, verdict) => sum + verdict.checks, 0),
    failures: verdicts.flatMap((verdict) => verdict.failures).sort(),
  };
}
