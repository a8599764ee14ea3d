/**
 * What a command of the workspace was asked for. With `--help` it prints its usage and ends with status 0; when its
 * command line makes no sense (`parse` throws) it says why and ends with 2.
 */
export function explained<T>(usage: string, parse: () => T): T {
  if (process.argv.slice(2).includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parse();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
