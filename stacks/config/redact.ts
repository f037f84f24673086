import { Redacted } from "../../components/problems";
import { isObject, type Path } from "./keys";

/** Shown instead of a value that must not be. */
export function redacted(text: string): Redacted {
  return new Redacted(text);
}

export const SECRET = redacted("secret");

/** Words at the end of a name that say "what I hold is secret", unless they speak of a file or a property of it. */
const SECRET_NAME =
  /(PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|((^|[_.-])PASS)|TOKEN|((^|[_.-])KEY)|(API|ACCESS|PRIVATE|ENCRYPTION|SIGNING)KEY|SECRET_KEY_BASE)([_-]?\d+)?$/i;
/** Values that are secrets whatever they are called: private keys, well-known tokens, JSON Web Tokens, URLs with a password. */
const SECRET_VALUE =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|^(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[A-Z0-9]{16}|sk_live_\w{16,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*)$|^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:[^/?#\s@]+@/;
/** What switches are set to; nobody's password. */
const SWITCH = /^(|true|false|yes|no|on|off|enabled|disabled|[01])$/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Whether an environment variable looks like a secret written down. */
export function looksSecret(name: string, value: string): boolean {
  return SECRET_VALUE.test(value) || (isSecretName(name) && !SWITCH.test(value));
}

/** What a problem may show of the value at `path`. `secretKeys` are top-level keys that the user encrypted. */
export function showable(path: Path, value: unknown, secretKeys: ReadonlySet<string>): unknown {
  if (value === undefined || value instanceof Redacted) return value;
  const [top] = path;
  if (top !== undefined && secretKeys.has(String(top))) return SECRET;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return redacted(keys.length === 0 ? "empty map" : `map with ${keys.join(", ")}`);
  }
  if (Array.isArray(value)) return redacted(`list of ${value.length}`);
  const leaf = path.findLast((part) => typeof part === "string") ?? "";
  const inEnvironment = path[0] === "services" && path[2] === "environment" && path.length > 3;
  if (typeof value === "string" && SECRET_VALUE.test(value)) return SECRET;
  return inEnvironment && isSecretName(String(leaf)) ? SECRET : value;
}
