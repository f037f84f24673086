import { spawn } from "node:child_process";

import type { TrustGraph } from "../components/trust/graph";
import { Failure, NotUp } from "./failure";
import type { Project } from "./project";

const NOT_FOUND: Failure = new Failure(
  "the command pulumi is not there",
  "install Pulumi (https://www.pulumi.com/docs/install/) and see that `pulumi version` answers",
);

/** The stack that is meant where none is named and none is selected: in a clone there is a ready one. */
export const DEFAULT_STACK = "dev";

export interface StackOptions {
  readonly stack?: string;
  readonly cwd?: string;
}

/** What a command printed, and how it ended. */
interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs pulumi on the terminal and gives its exit code. Ctrl-C reaches it too; it finishes what it has begun. */
export async function runPulumi(project: Project, args: readonly string[]): Promise<number> {
  const wait = (): void => undefined;
  process.on("SIGINT", wait);
  try {
    return await keepingSaltOut(project, () => foreground(project, args));
  } finally {
    process.off("SIGINT", wait);
  }
}

/** The public output `trust` of a stack that is up. Throws a Failure that says why there is none. */
export async function readTrust(project: Project, stack?: string): Promise<TrustGraph> {
  const first = await stackOutput(project, stack);
  const retry = stack === undefined && project.clone !== undefined && /no stack selected/.test(first.stderr);
  const answer = retry ? await stackOutput(project, DEFAULT_STACK) : first;
  if (answer.code !== 0) throw outputFailure(answer.stderr, retry ? DEFAULT_STACK : stack);
  const graph = JSON.parse(answer.stdout) as Partial<TrustGraph>;
  if (graph.services && graph.edges && graph.entry && graph.authorities) return graph as TrustGraph;
  throw new Failure("the stack's output `trust` is no trust graph", "run this in the project of a Gatehouse stack");
}

/** A secret output, decrypted: never to be shown as a whole. Throws a Failure that says why there is none. */
export async function readSecretOutput<T>(project: Project, name: string, stack: string): Promise<T> {
  const args = ["stack", "output", "--json", name, "--show-secrets", "--non-interactive", "--stack", stack];
  const answer = await keepingSaltOut(project, () => capture(project, args));
  if (answer.code !== 0) throw outputFailure(answer.stderr, stack);
  return JSON.parse(answer.stdout) as T;
}

/** The stack that `pulumi stack select` chose; undefined when none is selected. */
export async function selectedStack(project: Project): Promise<string | undefined> {
  const { code, stdout } = await capture(project, ["stack", "--show-name", "--non-interactive"]);
  return code === 0 ? (stdout.trim().split("/").at(-1) ?? undefined) : undefined;
}

function stackOutput(project: Project, stack?: string): Promise<Captured> {
  const args = ["stack", "output", "--json", "trust", "--non-interactive", ...(stack ? ["--stack", stack] : [])];
  return keepingSaltOut(project, () => capture(project, args));
}

/** Pulumi's words for a missing stack, in ours, with what to do. */
export function outputFailure(stderr: string, stack?: string): Failure {
  const up = `gatehouse up${stack ? ` --stack ${stack}` : ""}`;
  const named = stack ? `the stack ${stack}` : "the selected stack";
  if (/no stack named/.test(stderr))
    return new NotUp(`${named} does not exist`, `bring it up with ${up}, or see \`pulumi stack ls\``);
  if (/no stack selected/.test(stderr))
    return new Failure("no stack is selected", "name one with --stack, or select one with `pulumi stack select`");
  if (/does not have output property/.test(stderr))
    return new NotUp(`${named} is not up, or its last update did not finish`, `bring it up with ${up}`);
  if (/passphrase/i.test(stderr))
    return new Failure(
      `the passphrase of ${named} is missing or wrong`,
      "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one that it was made with",
    );
  if (/unable to open bucket/.test(stderr))
    return new Failure(
      "the place where Pulumi keeps its state cannot be opened",
      `correct PULUMI_BACKEND_URL (${process.env.PULUMI_BACKEND_URL ?? "set by pulumi login"})`,
    );
  if (/PULUMI_ACCESS_TOKEN|pulumi login|Logging in/i.test(stderr))
    return new Failure("pulumi is not logged in to a backend", "run `pulumi login`, or set PULUMI_BACKEND_URL");
  const words = stderr.trim().replace(/^error: /, "");
  return new Failure(`pulumi gives no outputs of ${named}: ${words}`, "try `pulumi stack output` by itself");
}

function keepingSaltOut<T>(project: Project, work: () => Promise<T>): Promise<T> {
  return project.clone?.ownState ? project.clone.tools.keepingSaltOut(project.folder, work) : work();
}

function foreground(project: Project, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", args, { cwd: project.folder, env: project.env, stdio: "inherit" });
    const pass = (): void => void child.kill("SIGTERM");
    process.on("SIGTERM", pass);
    child.once("error", (error) => reject(failureOf(error)));
    child.once("close", (code, signal) => {
      process.off("SIGTERM", pass);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

function capture(project: Project, args: readonly string[]): Promise<Captured> {
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", args, { cwd: project.folder, env: project.env, stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.once("error", (error) => reject(failureOf(error)));
    child.once("close", (code) => {
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString("utf8");
      resolve({ code: code ?? 1, stdout: text(out), stderr: text(err) });
    });
  });
}

function failureOf(error: NodeJS.ErrnoException): Error {
  return error.code === "ENOENT" ? NOT_FOUND : error;
}
