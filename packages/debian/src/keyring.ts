import { readFile, readdir } from "node:fs/promises";
import { type PublicKey, readKeys } from "openpgp";

/** A public key that may sign a Release file. */
export type ArchiveKey = PublicKey;

const MACHINE_KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.pgp",
  "/usr/share/keyrings/debian-archive-keyring.gpg",
];
const SHIPPED_KEYS = new URL("../keys/", import.meta.url);

/**
 * Debian's archive keys: those of this machine's package debian-archive-keyring, and those shipped here, which know
 * newer suites than an old machine does. `keys/README.md` tells where the latter come from.
 */
export async function debianArchiveKeys(): Promise<readonly ArchiveKey[]> {
  const machine = await firstReadable(MACHINE_KEYRINGS);
  return [...(machine === undefined ? [] : await parseKeyring(machine)), ...(await shippedKeys())];
}

/** The keys that this package ships. */
export async function shippedKeys(): Promise<readonly ArchiveKey[]> {
  const names = (await readdir(SHIPPED_KEYS)).filter((name) => name.endsWith(".asc")).sort();
  const files = await Promise.all(names.map((name) => readFile(new URL(name, SHIPPED_KEYS))));
  return (await Promise.all(files.map(parseKeyring))).flat();
}

/** Reads a keyring of one or more public keys, binary or ASCII-armored. */
export async function parseKeyring(bytes: Uint8Array): Promise<readonly ArchiveKey[]> {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  if (!text.startsWith("-----BEGIN"))
    return (await readKeys({ binaryKeys: bytes })).map((key) => key.toPublic());
  return (await readKeys({ armoredKeys: new TextDecoder().decode(bytes) })).map((key) => key.toPublic());
}

async function firstReadable(files: readonly string[]): Promise<Uint8Array | undefined> {
  for (const file of files) {
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}
