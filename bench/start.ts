import { spawn } from "node:child_process";

import { REPOSITORY } from "../tests/support/stack-settings";
import { progress, type Report } from "./support/report";
import { figure, show } from "./support/statistics";

/** `npm start` with everything there already: first brings up or mends the dev stack, then changes nothing. */
export async function start(rounds: number): Promise<Report> {
  const seconds: number[] = [];
  progress("npm start, so that there is something to be warm");
  const first = await npmStart();
  for (let round = 0; round < rounds; round += 1) {
    seconds.push(await npmStart());
    progress(`npm start: ${seconds[seconds.length - 1]?.toFixed(1)} s`);
  }
  return {
    name: "start",
    sections: [
      {
        title: "npm start, seconds",
        columns: ["", "seconds"],
        rows: [
          ["warm: the stack is up, nothing changes, everything is proven", show(figure(seconds), 1)],
          ["the one before, whatever it had to do", first.toFixed(1)],
        ],
      },
    ],
    raw: { seconds, first },
  };
}

function npmStart(): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    let said = "";
    const child = spawn("npm", ["start", "--silent"], { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve((performance.now() - start) / 1000);
      else reject(new Error(`npm start ended with ${code}\n${said.slice(-2000)}`));
    });
  });
}
