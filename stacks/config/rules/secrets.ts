import { formatKey, suggestion, type Path } from "../keys";
import { redacted } from "../redact";
import { TOP_LEVEL_KEYS } from "../stackSchema";
import type { Report, View } from "../view";

/** Keys of our namespace that hold secrets, with the places that name them. */
export function referencedKeys(stack: View["stack"]): { readonly key: string; readonly path: Path }[] {
  return [
    ...(["authority", "users"] as const).flatMap((section) => {
      const { existing } = stack[section];
      return existing ? [{ key: existing.keySecret, path: [section, "existing", "keySecret"] }] : [];
    }),
    ...Object.entries(stack.secrets).flatMap(([name, secret]) =>
      "config" in secret ? [{ key: secret.config, path: ["secrets", name, "config"] }] : [],
    ),
  ];
}

/** Top-level keys: known ones, and encrypted ones that something names. */
export function secretRules(view: View, unknown: readonly string[], report: Report): void {
  const references = referencedKeys(view.stack);
  for (const { key, path } of references) {
    const set = `set it: pulumi config set --secret ${formatKey([key])}`;
    if (TOP_LEVEL_KEYS.includes(key))
      report(path, `${formatKey([key])} is a setting, not a secret`, "choose another name");
    else if (!Object.hasOwn(view.values, key)) report(path, `there is no ${formatKey([key])}`, set);
    else if (typeof view.values[key] !== "string" || view.values[key] === "")
      report([key], "a text that is not empty", set, redacted("secret"));
    else if (view.secretKeys && !view.secretKeys.has(key))
      report(
        [key],
        "a secret is encrypted in Pulumi.<stack>.yaml; this one is written in plain",
        `${set}; and change the secret, it has been seen`,
        redacted("secret"),
      );
  }
  for (const key of unknown) {
    if (references.some((one) => one.key === key)) continue;
    report(
      [key],
      "unknown key",
      suggestion(key, [...TOP_LEVEL_KEYS, ...references.map((one) => one.key)], "remove it"),
      redacted("not shown"),
    );
  }
}
