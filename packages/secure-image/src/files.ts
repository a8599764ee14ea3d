/** Files that are there whole or not at all, and readers that say what went wrong. */
import { constants } from "node:fs";
import { type FileHandle, link, open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { concat } from "./bytes.ts";
import { ImageError } from "./image-error.ts";

/** Mode of files with keys in them. */
export const MODE_SECRET = 0o600;
/** Mode of everything else, before the umask. */
export const MODE_PUBLIC = 0o666;

/** Most bytes of a small file: keys, certificates, loaders, command lines. */
const MOST_SMALL = 0x400_0000;
/** Most bytes of an image that is read into memory. */
const MOST_IMAGE = 0x1_0000_0000;

/**
 * The bytes of a small file, or of a pipe.
 *
 * @throws LF-IMAGE-070 when it cannot be read, LF-IMAGE-073 when it is larger than 64 MiB.
 */
export async function readInput(path: string, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const handle = await open(path, "r");
    try {
      for (;;) {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(0x10000));
        if (bytesRead === 0) return concat(parts);
        parts.push(buffer.subarray(0, bytesRead));
        size += bytesRead;
        if (size > MOST_SMALL) throw tooLarge(path, what, MOST_SMALL);
      }
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw cannot("LF-IMAGE-070", `cannot read the ${what} ${path}`, cause);
  }
}

/**
 * The bytes of an image.
 *
 * @throws LF-IMAGE-070 when it cannot be read, LF-IMAGE-073 when it is larger than 4 GiB.
 */
export async function readImage(path: string): Promise<Uint8Array> {
  const { handle, size } = await openInput(path, "image");
  try {
    if (size > MOST_IMAGE) throw tooLarge(path, "image", MOST_IMAGE);
    const image = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(image, at, Math.min(size - at, CHUNK), at);
      if (bytesRead === 0) return image.subarray(0, at); // it got shorter; the reader tells what is missing
      at += bytesRead;
    }
    return image;
  } finally {
    await handle.close();
  }
}

const CHUNK = 0x100_0000;

/** All of the bytes at that place. */
export async function writeAt(handle: FileHandle, offset: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

function tooLarge(path: string, what: string, most: number): ImageError {
  return new ImageError("LF-IMAGE-073", `the ${what} ${path} is larger than ${most / 0x10_0000} MiB`, {
    hint: "Is it the right file?",
  });
}

/** @throws LF-IMAGE-070 when it cannot be opened or is no regular file. */
export async function openInput(path: string, what: string): Promise<{ handle: FileHandle; size: number }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const status = await handle.stat();
    if (status.isFile()) return { handle, size: status.size };
  } catch (cause) {
    await handle?.close();
    throw cannot("LF-IMAGE-070", `cannot read the ${what} ${path}`, cause);
  }
  await handle.close();
  throw new ImageError("LF-IMAGE-070", `cannot read the ${what} ${path}: it is not a regular file`);
}

/**
 * Writes a file under a temporary name beside it and gives it its name when all is written. When anything fails,
 * the temporary file is removed and a file that was there before is untouched.
 *
 * @throws LF-IMAGE-071 when the file exists and may not be overwritten, LF-IMAGE-072 when it cannot be written.
 */
export async function writeWhole(
  path: string,
  options: { overwrite: boolean; mode?: number },
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  if (!options.overwrite) await refuseExisting(path);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const handle = await create(path, temporary, options.mode ?? MODE_PUBLIC);
  try {
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await give(temporary, path, options.overwrite);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    if (error instanceof ImageError || !isSystemError(error)) throw error;
    throw cannot("LF-IMAGE-072", `cannot write ${path}`, error);
  }
}

/** @throws LF-IMAGE-071 when there is something of that name. */
export async function refuseExisting(path: string): Promise<void> {
  const there = await stat(path).then(
    () => true,
    () => false, // whatever else is wrong with the path shows when it is written
  );
  if (there) throw exists(path);
}

/** Gives the temporary file its name. Without leave to overwrite, a file that came up meanwhile is kept. */
async function give(temporary: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(temporary, path);
  try {
    await link(temporary, path);
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") throw exists(path);
    if (
      isSystemError(error) &&
      (error.code === "EPERM" || error.code === "ENOTSUP" || error.code === "ENOSYS")
    ) {
      await refuseExisting(path); // a file system without hard links
      return rename(temporary, path);
    }
    throw error;
  }
  await unlink(temporary);
}

async function create(path: string, temporary: string, mode: number): Promise<FileHandle> {
  try {
    return await open(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
      mode,
    );
  } catch (cause) {
    throw cannot("LF-IMAGE-072", `cannot write ${path}`, cause);
  }
}

function exists(path: string): ImageError {
  return new ImageError("LF-IMAGE-071", `${path} exists already`, {
    hint: "Choose another name, or say --overwrite.",
  });
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

function cannot(code: string, what: string, cause: unknown): ImageError {
  const reasons: Record<string, string> = {
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of the path is no directory",
    ENOSPC: "no space is left",
    EROFS: "the file system is read-only",
  };
  const errno = isSystemError(cause) ? (cause.code ?? "") : "";
  return new ImageError(
    code,
    `${what}: ${reasons[errno] ?? (cause instanceof Error ? cause.message : String(cause))}`,
    {
      cause,
    },
  );
}
