/** Host keys as files: what `lockframe host-key create` leaves in a directory. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, MODE_PUBLIC, MODE_SECRET, readInput, refuseExisting, writeWhole } from "../files.ts";
import { ImageError } from "../image-error.ts";
import type { CreateHostKeyOptions, HostKeyAuthority, NewHostKey } from "./create-host-key.ts";

/** File names of the authority. Those with a key in them get mode 0600. */
const AUTHORITY_FILES = {
  rootCertificate: "root-ca.crt",
  rootKey: "root-ca.key",
  rootCrl: "root-ca.crl",
  signingCertificate: "signing-key.crt",
  signingKey: "signing-key.key",
  signingCrl: "signing-key.crl",
} as const satisfies Record<keyof HostKeyAuthority, string>;

export interface HostKeyFiles {
  /** Private key, mode 0600. */
  readonly privateKey: string;
  /** Host key document, for `genprotimg -k`. */
  readonly document: string;
  /** For `--root-ca`. */
  readonly rootCertificate: string;
  /** For `-C`. */
  readonly signingCertificate: string;
  /** For `--crl`. */
  readonly crls: readonly string[];
  /** Key hash in lower-case hexadecimal. */
  readonly hash: string;
  /** True when the directory had no authority yet. */
  readonly newAuthority: boolean;
}

export interface CreateHostKeyFilesOptions extends Omit<CreateHostKeyOptions, "authority" | "name"> {
  /** Made with mode 0700 when it does not exist. */
  readonly directory: string;
  /** Name of the files: `NAME.key` and `NAME.crt`; `host-key` unless given. */
  readonly name?: string;
  /** Replace the key and document of that name. The authority is never replaced. */
  readonly overwrite?: boolean;
}

/**
 * Makes a host key in a directory: `NAME.key` (0600), `NAME.crt`, and beside them the authority, which further
 * host keys in that directory share.
 *
 * @throws LF-IMAGE-071 exists, LF-IMAGE-072 cannot be written, LF-KEY-040 days, LF-KEY-041 not a file name,
 *   LF-KEY-042 an authority with files missing.
 */
export async function createHostKeyFiles(options: CreateHostKeyFilesOptions): Promise<HostKeyFiles> {
  const { directory, name = "host-key", overwrite = false } = options;
  if (!/^[\w][\w.-]*$/.test(name) || name === "root-ca" || name === "signing-key") {
    throw new ImageError("LF-KEY-041", `${JSON.stringify(name)} cannot be the name of a host key`, {
      hint: "Use letters, digits, dots, hyphens and underscores; root-ca and signing-key are taken.",
    });
  }
  const paths = { privateKey: join(directory, `${name}.key`), document: join(directory, `${name}.crt`) };
  if (!overwrite) for (const path of Object.values(paths)) await refuseExisting(path);
  await makeDirectory(directory);

  const known = await readAuthority(directory);
  const { directory: _directory, overwrite: _overwrite, ...making } = options;
  const { createHostKey } = await import("./create-host-key.ts");
  const made = await createHostKey({ ...making, ...(known === undefined ? {} : { authority: known }) });
  if (known === undefined) await writeAuthority(directory, made.authority);
  await writeText(paths.privateKey, made.privateKey, overwrite, MODE_SECRET);
  await writeText(paths.document, made.document, overwrite, MODE_PUBLIC);
  return describe(directory, paths, made, known === undefined);
}

function describe(
  directory: string,
  paths: { privateKey: string; document: string },
  made: NewHostKey,
  newAuthority: boolean,
): HostKeyFiles {
  const at = (file: string) => join(directory, file);
  return {
    ...paths,
    rootCertificate: at(AUTHORITY_FILES.rootCertificate),
    signingCertificate: at(AUTHORITY_FILES.signingCertificate),
    crls: [at(AUTHORITY_FILES.rootCrl), at(AUTHORITY_FILES.signingCrl)],
    hash: made.hash,
    newAuthority,
  };
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    const created = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (created !== undefined) await chmod(directory, 0o700);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ImageError("LF-IMAGE-072", `cannot make the directory ${directory}: ${cause.message}`, {
      cause,
    });
  }
}

const MEMBERS = Object.keys(AUTHORITY_FILES) as (keyof HostKeyAuthority)[];

/** The authority of a directory; undefined when it has none of its files. */
async function readAuthority(directory: string): Promise<HostKeyAuthority | undefined> {
  const found: Partial<Record<keyof HostKeyAuthority, string>> = {};
  for (const member of MEMBERS) {
    const path = join(directory, AUTHORITY_FILES[member]);
    const text = await readInput(path, "authority").catch((error: unknown) => {
      if (error instanceof ImageError && isSystemError(error.cause) && error.cause.code === "ENOENT")
        return undefined;
      throw error;
    });
    if (text !== undefined) found[member] = Buffer.from(text).toString("latin1");
  }
  if (Object.keys(found).length === 0) return undefined;
  const { rootCertificate, rootKey, rootCrl, signingCertificate, signingKey, signingCrl } = found;
  if (
    rootCertificate === undefined ||
    rootKey === undefined ||
    rootCrl === undefined ||
    signingCertificate === undefined ||
    signingKey === undefined ||
    signingCrl === undefined
  ) {
    const missing = MEMBERS.filter((member) => found[member] === undefined).map(
      (member) => AUTHORITY_FILES[member],
    );
    throw new ImageError("LF-KEY-042", `the authority in ${directory} lacks ${missing.join(", ")}`, {
      hint: "Restore the files, or use another directory.",
    });
  }
  return { rootCertificate, rootKey, rootCrl, signingCertificate, signingKey, signingCrl };
}

async function writeAuthority(directory: string, authority: HostKeyAuthority): Promise<void> {
  for (const member of MEMBERS) {
    const mode = member.endsWith("Key") ? MODE_SECRET : MODE_PUBLIC;
    await writeText(join(directory, AUTHORITY_FILES[member]), authority[member], false, mode);
  }
}

function writeText(path: string, text: string, overwrite: boolean, mode: number): Promise<void> {
  return writeWhole(path, { overwrite, mode }, async (handle) => void (await handle.write(text)));
}
