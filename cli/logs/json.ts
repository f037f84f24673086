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

/** Text of a client, fit for a terminal: nothing in it can move the cursor or change colours. */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what has to go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    return short.startsWith("\\") ? short : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
