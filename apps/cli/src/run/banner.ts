import { colorsFor, type Invocation, print } from "../invocation.ts";

/** Said at the start of every machine, so that nobody takes the simulation for the protection. */
export const BANNER = "simulation: protects nobody";

/** One line on stderr, and one more when the host may look into a protected guest. */
export function printBanner({ stderr, env }: Pick<Invocation, "stderr" | "env">, xray: boolean): void {
  const colors = colorsFor(stderr, env);
  print(stderr, colors.yellow(`lockframe: ${BANNER}`));
  if (xray) print(stderr, colors.red("lockframe: x-ray: the host can look into a protected guest"));
}
