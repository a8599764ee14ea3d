#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { defaultCacheDirectory } from "@lockframe/debian/cache-directory";

// Before the rest is loaded: the command starts in half the time when its sources were compiled by an earlier run.
enableCompileCache(join(defaultCacheDirectory(), "compiled"));
const { main } = await import("./program.ts");

process.exitCode = await main({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
