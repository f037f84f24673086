/**
 * Lines of a container's log, as the Docker API sends them: frames of a byte for the stream, three of nothing, four for the
 * length. Bounded memory: a log of 30 MB is never held as a whole.
 */
export class LogLines {
  private frames: Buffer = Buffer.alloc(0);
  private readonly rest = new Map<number, string>();

  /** A line longer than this is cut: nobody's log line, and no reason to run out of memory. */
  static readonly LONGEST = 64 * 1024;

  constructor(private readonly say: (line: string) => void) {}

  take(chunk: Buffer): void {
    this.frames = this.frames.length === 0 ? chunk : Buffer.concat([this.frames, chunk]);
    let at = 0;
    for (; at + 8 <= this.frames.length;) {
      const end = at + 8 + this.frames.readUInt32BE(at + 4);
      if (end > this.frames.length) break;
      this.text(this.frames.readUInt8(at), this.frames.toString("utf8", at + 8, end));
      at = end;
    }
    this.frames = this.frames.subarray(at);
  }

  /** A last line without its end. */
  end(): void {
    for (const line of this.rest.values()) if (line !== "") this.say(line);
    this.rest.clear();
  }

  private text(stream: number, text: string): void {
    const lines = ((this.rest.get(stream) ?? "") + text).split("\n");
    this.rest.set(stream, (lines.pop() ?? "").slice(0, LogLines.LONGEST));
    for (const line of lines) if (line !== "") this.say(line);
  }
}
