import Table from "cli-table3";
import pc from "picocolors";

export type Colours = ReturnType<typeof pc.createColors>;

/** Colours only where somebody sees them (https://no-color.org). */
export function coloursOf(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Colours {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const refused = Boolean(env.NO_COLOR) || env.TERM === "dumb";
  return pc.createColors(!refused && (Boolean(stream.isTTY) || forced));
}

/** A table without borders: it can be read, grepped and pasted. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], colours: Colours): string {
  const none = { top: "", bottom: "", left: "", right: "", mid: "", middle: "  " };
  const made = new Table({
    head: head.map((title) => colours.dim(title)),
    chars: {
      ...{ top: none.top, "top-mid": "", "top-left": "", "top-right": "" },
      ...{ bottom: none.bottom, "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
      ...{ left: none.left, "left-mid": "", mid: none.mid, "mid-mid": "" },
      ...{ right: none.right, "right-mid": "", middle: none.middle },
    },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) made.push([...row]);
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** A title, and a table or text below it, indented by two. */
export function section(title: string, body: string, colours: Colours): string {
  return `${colours.bold(title)}\n${indent(body)}`;
}

export function indent(text: string, by = 2): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : " ".repeat(by) + line))
    .join("\n");
}

/** Words on lines of at most `width` characters. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
