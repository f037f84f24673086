import { coloursOf } from "./terminal";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;
/** Below this nobody wonders what goes on. */
const NOTEWORTHY_MS = 2_000;

/**
 * Says on standard error what goes on: a spinner on a terminal; elsewhere one line, and only when it takes over two
 * seconds.
 */
export async function withProgress<T>(
  text: string,
  work: (say: (text: string) => void) => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const { cyan } = coloursOf(stream);
  const live = Boolean(stream.isTTY);
  let now = text;
  let frame = 0;
  const spin = (): void => void stream.write(`\r\x1b[K${cyan(FRAMES[frame++ % FRAMES.length] ?? "")} ${now}`);
  const timer = live
    ? setInterval(spin, FRAME_MS)
    : setTimeout(() => stream.write(`gatehouse: ${now} ...\n`), NOTEWORTHY_MS);
  try {
    return await work((said) => (now = said));
  } finally {
    clearInterval(timer);
    if (live) stream.write("\r\x1b[K");
  }
}
