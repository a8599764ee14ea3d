/**
 * Loaders of our own, assembled when they are first asked for. Both end in a block of parameters that the
 * image builder fills in. Behaviour and storage map are those of the loaders of s390-tools.
 */
import { assemble } from "@lockframe/assembler";
import { stage3aSources } from "./stage3a.ts";
import { relocatorSources, stage3bSources } from "./stage3b.ts";

/** The plain-text loader, to be put at 0x10000; its last 24 bytes are its parameters. */
export function stage3a(): Uint8Array {
  stage3aBytes ??= assemble(stage3aSources).bytes;
  return stage3aBytes.slice();
}
let stage3aBytes: Uint8Array | undefined;

/**
 * The secure loader, to be put anywhere above it; its last 64 bytes are its parameters. It moves itself to
 * the address that it was assembled for.
 */
export function stage3b(): Uint8Array {
  stage3bBytes ??= assembleStage3b();
  return stage3bBytes.slice();
}
let stage3bBytes: Uint8Array | undefined;

function assembleStage3b(): Uint8Array {
  const loader = assemble(stage3bSources).bytes;
  const relocator = assemble(relocatorSources, { symbols: { stage3b_size: loader.length } }).bytes;
  const whole = new Uint8Array(relocator.length + loader.length);
  whole.set(relocator);
  whole.set(loader, relocator.length);
  return whole;
}
