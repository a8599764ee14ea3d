import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GuestParts, kernelParameters } from "./guest-parts.ts";
import { MeteredProcess } from "./metered-process.ts";
import { lockframe } from "./starters.ts";

/** Files of a protected guest. */
export interface SealedImage {
  readonly image: string;
  readonly hostKey: string;
}

/** Name of the host's private key in the folder. */
export const HOST_KEY = "bench.key";

/** Seals kernel and initramfs with the project's own commands; a string says why that failed. */
export async function sealedImage(parts: GuestParts, folder: string): Promise<SealedImage | string> {
  const hostKey = join(folder, HOST_KEY);
  const document = join(folder, "bench.crt");
  const parameters = join(folder, "parmfile");
  const image = join(folder, "guest.img");
  writeFileSync(parameters, kernelParameters);
  const steps = [
    ["host-key", "create", "--directory", folder, "--name", "bench"],
    [
      "genprotimg",
      "-i",
      parts.kernel,
      "-r",
      parts.initrd,
      "-p",
      parameters,
      "-k",
      document,
      "-o",
      image,
      "--no-verify",
    ],
  ];
  for (const step of steps) {
    const { command, args } = lockframe(...step);
    await using process = new MeteredProcess(command, args);
    const ending = await process.end(120);
    if (ending !== 0) {
      return `lockframe ${step[0]} ended with ${ending}: ${process.output.trim().split("\n").at(-1) ?? ""}`;
    }
  }
  return { image, hostKey };
}
