import type { HttpdUpstream } from "./model";

/** A section: `<Location "/">` with its lines, indented, and its end. */
export function block(open: string, lines: readonly string[]): string {
  const indented = lines.flatMap((line) => line.split("\n")).map((line) => `    ${line}`);
  return [open, ...indented, `</${/^<(\w+)/.exec(open)?.[1] ?? ""}>`].join("\n");
}

/** A file of the release; Apache is told its folder when it starts. */
export const file = (name: string): string => `\${RELEASE}/${name}`;

/** Where an upstream is dialled. */
export const origin = (it: HttpdUpstream): string => `https://${it.host}:${it.port}`;
