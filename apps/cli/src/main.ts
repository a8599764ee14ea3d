/** The process of the command; `bin/lockframe.js` starts it. */
import { exitStatus } from "./exit-status.ts";
import { main } from "./program.ts";

// Whoever read the output has gone, as `head` does: no reason for a message.
let reading = true;
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    reading = false;
    process.exitCode = exitStatus.brokenPipe.status;
  });

const status = await main({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
if (reading) process.exitCode = status;
