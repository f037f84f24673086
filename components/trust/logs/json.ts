/**
 * A line of JSON as servers write it. Apache writes bytes of its clients as `\xhh` and `\v`, which JSON does not know,
 * and HAProxy writes a missing number as `-`. Undefined for what is no JSON at all.
 */
export function parseLoose(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  return parse(line) ?? parse(withoutBytes(line)) ?? parse(withoutDashes(withoutBytes(line)));
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Escaped backslashes are passed over, so that `\\xc3` stays the text that it is. */
function withoutBytes(line: string): string {
  return line.replace(/\\\\|\\v|(?:\\x[0-9a-fA-F]{2})+/g, (found) => {
    if (found === "\\\\") return found;
    if (found === "\\v") return "\\u000b";
    const bytes = Buffer.from(found.replaceAll("\\x", ""), "hex");
    return JSON.stringify(bytes.toString("utf8")).slice(1, -1);
  });
}

function withoutDashes(line: string): string {
  return line.replace(/":-(?=[,}])/g, '":null');
}

/** Text that is there: servers write `-` for what is not. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== "-" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
