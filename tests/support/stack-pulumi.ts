// One run of the real pulumi, which can be watched and ended in the middle.
import { spawn, type ChildProcess } from "node:child_process";

export interface Finished {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they were printed. */
  readonly text: string;
}

export class RunningPulumi {
  readonly done: Promise<Finished>;
  private readonly child: ChildProcess;
  private stdout = "";
  private stderr = "";
  private text = "";
  private ended = false;
  private readonly listeners = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, input = "") {
    // A process group of its own, as a shell gives it: Ctrl-C reaches all of it.
    this.child = spawn("pulumi", args, { env, detached: true, stdio: "pipe" });
    this.child.stdin?.end(input);
    this.child.stdout?.on("data", (data: Buffer) => this.heard(data.toString(), "stdout"));
    this.child.stderr?.on("data", (data: Buffer) => this.heard(data.toString(), "stderr"));
    this.done = new Promise((resolve) => {
      const finish = (code: number): void => {
        this.ended = true;
        this.tell();
        resolve({ code, stdout: this.stdout, stderr: this.stderr, text: this.text });
      };
      this.child.on("error", (error) => {
        this.heard(String(error), "stderr");
        finish(-1);
      });
      // `exit`, not `close`: providers of a killed pulumi can hold its output open.
      this.child.on("exit", (code) => setTimeout(() => finish(code ?? -1), 100));
    });
  }

  /** Resolves when the text was printed, however often up to now; fails when pulumi ends before. */
  async printed(text: string | RegExp): Promise<void> {
    const found = (): boolean => (typeof text === "string" ? this.text.includes(text) : text.test(this.text));
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!found() && !this.ended) return;
        this.listeners.delete(look);
        if (found()) resolve();
        else reject(new Error(`pulumi ended without printing ${String(text)}\n${this.text}`));
      };
      this.listeners.add(look);
      look();
    });
  }

  /** To pulumi alone, as `kill <pid>` does. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGKILL to pulumi and all its children: what is left of them by a crashed machine. */
  killAll(): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGKILL");
  }

  /** To pulumi and all its children, as Ctrl-C in a terminal does. */
  interrupt(): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGINT");
  }

  private heard(data: string, from: "stdout" | "stderr"): void {
    this[from] += data;
    this.text += data;
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
