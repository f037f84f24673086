import type { Colours } from "../terminal";
import type { LogEntry } from "./entry";
import { visible } from "./visible";

/** An entry as one line for people: when, where, what. Nothing in it can play with the terminal. */
export function formatEntry(entry: LogEntry, width: number, colours: Colours): string {
  const time = colours.dim(entry.time.slice(0, 19).replace("T", " "));
  const place = colours.cyan(entry.service.padEnd(width));
  const words = visible(body(entry));
  const tone = entry.refused
    ? colours.red
    : entry.status !== undefined && entry.status >= 500
      ? colours.yellow
      : String;
  return `${time}  ${place}  ${tone(words)}`;
}

function body(entry: LogEntry): string {
  switch (entry.kind) {
    case "keeper":
      return [
        `keeper: ${entry.event ?? "?"}`,
        entry.release && `release ${entry.release.slice(0, 12)}`,
        entry.reason && `(${entry.reason})`,
      ]
        .filter(Boolean)
        .join(" ");
    case "message":
      return [entry.caller && `${entry.caller}:`, entry.reason].filter(Boolean).join(" ");
    case "handshake":
      return `${hop(entry)}refused: ${entry.reason ?? "the handshake failed"}`;
    case "request":
    case "connection":
      return `${hop(entry)}${call(entry)}`;
  }
}

function hop({ caller, callee, component, service }: LogEntry): string {
  if (component === "server" && caller === undefined) return "";
  // What leads to no service is answered by the container itself.
  return `${caller ?? "somebody"} -> ${callee ?? service}  `;
}

function call(entry: LogEntry): string {
  const place = `${entry.host ?? ""}${entry.path ?? ""}`;
  const parts = [
    entry.method && `${entry.method} ${place}`,
    entry.kind === "connection" && "connection",
    entry.status,
    entry.ms !== undefined && `${entry.ms} ms`,
    entry.reason && `${entry.refused ? "refused: " : ""}${entry.reason}`,
  ];
  return parts.filter((it) => it !== undefined && it !== false && it !== "").join("  ");
}
