/** Numbers of Linux that 9P2000.L uses, the same on every host. */

export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EEXIST: 17,
  ENOTDIR: 20,
  EINVAL: 22,
  EMFILE: 24,
  EPROTO: 71,
  EOPNOTSUPP: 95,
} as const;

/** Kinds of file in a mode. */
export const fileKind = { mask: 0o170000, folder: 0o040000, link: 0o120000 } as const;

export const openFlag = {
  accessMask: 3,
  writeOnly: 1,
  readWrite: 2,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
} as const;

export const REMOVE_FOLDER = 0x200;

/** What a request to change attributes names. */
export const attribute = {
  mode: 0x1,
  owner: 0x2,
  group: 0x4,
  size: 0x8,
  accessed: 0x10,
  modified: 0x20,
  accessedSet: 0x80,
  modifiedSet: 0x100,
} as const;

/** An error of the host as a number for the client. */
export class NinePError extends Error {
  readonly number: number;

  constructor(number: number) {
    super(`error ${number}`);
    this.number = number;
  }
}

/** The number of what was thrown; undefined: it is not an error of the host. */
export function errorNumber(error: unknown): number | undefined {
  if (error instanceof NinePError) return error.number;
  if (error instanceof Error && "errno" in error && typeof error.errno === "number")
    return Math.abs(error.errno);
  return undefined;
}
