/**
 * The way in which imports point. A package may use those of earlier floors and, where named, of its own. See
 * ARCHITECTURE.md.
 */
export const floors: readonly (readonly string[])[] = [
  ["architecture"],
  ["debian", "instructions", "memory"],
  ["assembler", "channel-subsystem", "sclp"],
  ["virtio"],
  ["plugin-api"],
  ["ccw-bios", "profile", "secure-image"],
  ["cpu", "ultravisor"],
  ["machine", "testkit"],
];

/** Neighbours on one floor that may be used all the same. None so far goes both ways. */
export const neighbours: Readonly<Record<string, readonly string[]>> = {};

/** The only package that a plugin may use. */
export const PLUGIN_DOOR = "@lockframe/plugin-api";
