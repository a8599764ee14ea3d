/** The private key of a (simulated) host, as the Ultravisor needs it. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { isP521 } from "../ec-point.ts";
import { openInput } from "../files.ts";
import { ImageError } from "../image-error.ts";

/** Larger files are no keys. */
const MOST = 0x10000;

/**
 * Loads a P-521 private key in PEM format. Nobody but its owner may be able to read or write the file.
 *
 * @throws LF-IMAGE-070 unreadable, LF-KEY-003 open permissions, LF-KEY-004 not a private key, LF-KEY-005 encrypted,
 *   LF-KEY-001 not on secp521r1.
 */
export async function loadHostKey(path: string): Promise<KeyObject> {
  const { handle, size } = await openInput(path, "host key");
  try {
    if (process.platform !== "win32") checkMode(path, (await handle.stat()).mode);
    if (size > MOST) throw notAKey(path);
    return parseHostKey(await handle.readFile("latin1"), path);
  } finally {
    await handle.close();
  }
}

/**
 * The P-521 private key of a PEM text.
 *
 * @param name for messages.
 * @throws LF-KEY-004, LF-KEY-005, LF-KEY-001 as {@link loadHostKey}.
 */
export function parseHostKey(pem: string, name: string): KeyObject {
  if (pem.includes("ENCRYPTED")) {
    throw new ImageError("LF-KEY-005", `the host key ${name} is encrypted with a passphrase`, {
      hint: "Decrypt it with: openssl pkey -in KEY -out PLAIN; chmod 600 PLAIN",
    });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw notAKey(name, cause);
  }
  if (!isP521(key)) {
    throw new ImageError("LF-KEY-001", `the host key ${name} is not an elliptic-curve key on secp521r1`, {
      hint: "Host keys of Secure Execution are P-521 keys; `lockframe host-key create` makes one.",
    });
  }
  return key;
}

function checkMode(path: string, mode: number): void {
  if ((mode & 0o077) === 0) return;
  const digits = (mode & 0o777).toString(8).padStart(4, "0");
  throw new ImageError(
    "LF-KEY-003",
    `the host key ${path} has mode ${digits}: others than its owner can get at it`,
    {
      hint: `chmod 600 ${path}`,
    },
  );
}

function notAKey(name: string, cause?: unknown): ImageError {
  return new ImageError("LF-KEY-004", `${name} holds no private key in PEM format`, {
    hint: "`lockframe host-key create` makes one.",
    cause,
  });
}
