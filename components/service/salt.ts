import { createHmac } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * A digest of secrets that may stand in a public label: keyed with a secret salt, so that a weak password cannot be
 * guessed from it.
 */
export class RandomSalt {
  private readonly salt: random.RandomPassword;

  constructor(name: string, parent: pulumi.Resource) {
    this.salt = new random.RandomPassword(`${name}-salt`, { length: 32, special: false }, { parent });
  }

  /** Public: 16 hexadecimal digits that change when one of the secrets does. */
  digest(secrets: readonly pulumi.Input<string>[]): pulumi.Output<string> {
    return pulumi.unsecret(
      pulumi.all([pulumi.secret(this.salt.result), ...secrets]).apply(([salt, ...contents]) =>
        createHmac("sha256", salt ?? "")
          .update(JSON.stringify(contents))
          .digest("hex")
          .slice(0, 16),
      ),
    );
  }
}
