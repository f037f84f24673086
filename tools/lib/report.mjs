// @ts-check
// Says what is done, how far it is and where its log lies: a ticking line on a terminal, otherwise a line now and then.
import { tail } from "./errors.mjs";

const TICK = 200;
const HEARTBEAT = 15_000;
/** Below this a step is not worth a "started" line of its own. */
const NOTEWORTHY = 1_000;

/**
 * Colours only where somebody sees them (https://no-color.org).
 * @param {{ isTTY?: boolean }} stream
 */
export function palette(stream) {
  const on = Boolean(stream.isTTY) && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  /** @param {number} code */
  const style = (code) => (/** @type {string} */ text) => (on ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: style(1), dim: style(2), red: style(31), green: style(32), yellow: style(33), cyan: style(36) };
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/**
 * @typedef {object} Reporter
 * @property {<T>(title: string, options: { log?: string }, work: (done: (result: string) => void) => Promise<T>) => Promise<T>} step
 * @property {(text: string) => void} note
 * @property {ReturnType<typeof palette>} colour
 */

/**
 * @param {{ quiet?: boolean, stream?: NodeJS.WriteStream }} [options] quiet: tell only of steps that take their time
 * @returns {Reporter}
 */
export function reporter({ quiet = false, stream = process.stderr } = {}) {
  const colour = palette(stream);
  const ticking = Boolean(stream.isTTY);
  /** @param {string} text */
  const print = (text) => void stream.write(`${text}\n`);
  const clear = () => ticking && stream.write("\r\x1b[K");

  return {
    colour,
    note: (text) => print(text),
    async step(title, { log }, work) {
      const started = Date.now();
      const elapsed = () => Date.now() - started;
      let result = "";
      let told = 0;
      const timer = setInterval(() => {
        if (elapsed() < NOTEWORTHY) return;
        if (ticking) {
          const room = Math.max(0, (stream.columns ?? 80) - title.length - 20);
          const last = log ? plain(tail(log, 1)[0] ?? "").slice(0, room) : "";
          stream.write(`\r\x1b[K${colour.cyan("…")} ${title} ${duration(elapsed())} ${colour.dim(last)}`);
        } else if (told === 0 || Date.now() - told >= HEARTBEAT) {
          print(`… ${title} (${duration(elapsed())}${log ? `, log: ${log}` : ""})`);
          told = Date.now();
        }
      }, TICK);
      try {
        const value = await work((text) => (result = text));
        clear();
        if (!quiet || elapsed() >= NOTEWORTHY) {
          print(`${colour.green("✓")} ${title}${result && `: ${result}`} ${colour.dim(`(${duration(elapsed())})`)}`);
        }
        return value;
      } catch (error) {
        clear();
        print(`${colour.red("✗")} ${title} ${colour.dim(`(${duration(elapsed())})`)}`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** @param {string} text */
// eslint-disable-next-line no-control-regex -- a log may hold colour sequences, which would break the one line
const plain = (text) => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replace(/[\x00-\x1f]/g, " ");
