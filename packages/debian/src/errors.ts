import { LockframeError } from "@lockframe/architecture";

/**
 * Every failure of this package, with its stable code. 00x mirror, 01x transport, 02x release, 03x index,
 * 04x package file, 05x cache, 06x initramfs.
 */
export const failure = {
  noMirror: () =>
    new LockframeError(
      "LF-DEBIAN-001",
      "this machine's apt configuration names no Debian mirror",
      "name one with --mirror URL or LOCKFRAME_MIRROR",
    ),
  badMirror: (mirror: string, why: string) =>
    new LockframeError(
      "LF-DEBIAN-002",
      `mirror '${mirror}' cannot be used: ${why}`,
      "give the URL of a Debian archive (http, https or file), the folder that holds dists/ and pool/",
    ),
  badName: (kind: string, name: string) =>
    new LockframeError("LF-DEBIAN-003", `'${name}' is not a ${kind}`, `check the spelling of the ${kind}`),

  unreachable: (url: string, cause: Error) =>
    new LockframeError(
      "LF-DEBIAN-010",
      `${url} cannot be reached: ${cause.message}`,
      "check the network and the proxy settings, choose another --mirror, or use --offline if it was fetched before",
      { cause },
    ),
  refused: (url: string, why: string) =>
    new LockframeError("LF-DEBIAN-011", `${url} was answered with ${why}`, "choose another --mirror"),
  wrongLength: (url: string, received: number, expected: number) =>
    new LockframeError(
      "LF-DEBIAN-012",
      `${url} gave ${received} bytes where ${expected} were announced`,
      "the transfer was cut short or the mirror is being updated: try again",
    ),
  tooLong: (url: string, limit: number) =>
    new LockframeError(
      "LF-DEBIAN-013",
      `${url} is longer than the ${limit} bytes it may have`,
      "the mirror is broken or hostile: choose another --mirror",
    ),
  missingFile: (url: string) =>
    new LockframeError(
      "LF-DEBIAN-014",
      `${url} is not on the mirror`,
      "the mirror is incomplete or being updated: try again later or choose another --mirror",
    ),
  busy: (url: string, status: number) =>
    new LockframeError(
      "LF-DEBIAN-015",
      `${url} was answered with status ${status}, an error of the mirror`,
      "try again later or choose another --mirror",
    ),

  noSuite: (mirror: string, suite: string) =>
    new LockframeError(
      "LF-DEBIAN-020",
      `${mirror} has no suite '${suite}' (neither InRelease nor Release)`,
      "check the suite's name, and that the mirror is a Debian archive",
    ),
  unknownSigner: (what: string, keyIds: readonly string[]) =>
    new LockframeError(
      "LF-DEBIAN-021",
      `${what} is signed by no known Debian archive key (${keyIds.join(", ") || "no signature"})`,
      "update the package debian-archive-keyring, or choose another --mirror",
    ),
  badSignature: (what: string, why: string) =>
    new LockframeError(
      "LF-DEBIAN-022",
      `the signature of ${what} does not hold: ${why}`,
      "the file was changed on its way or the machine's clock is wrong: nothing of it is used; choose another --mirror",
    ),
  badRelease: (what: string, why: string) =>
    new LockframeError("LF-DEBIAN-023", `${what} cannot be read: ${why}`, "choose another --mirror"),
  expired: (what: string, until: string) =>
    new LockframeError(
      "LF-DEBIAN-024",
      `${what} was valid until ${until} only`,
      "the mirror is stale: choose another --mirror; to accept it knowingly set LOCKFRAME_CHECK_VALID_UNTIL=no",
    ),
  fromFuture: (what: string, date: string) =>
    new LockframeError("LF-DEBIAN-025", `${what} is dated ${date}, in the future`, "set the machine's clock"),
  otherSuite: (what: string, suite: string, found: string) =>
    new LockframeError(
      "LF-DEBIAN-026",
      `${what} describes '${found}', not '${suite}'`,
      "the mirror serves a wrong suite under this name: choose another --mirror",
    ),
  noIndex: (suite: string, path: string) =>
    new LockframeError(
      "LF-DEBIAN-027",
      `the Release file of '${suite}' lists no ${path}`,
      "check the architecture's name; the suite may not carry it",
    ),

  checksum: (what: string, found: string, expected: string) =>
    new LockframeError(
      "LF-DEBIAN-030",
      `${what} has SHA256 ${found}, but ${expected} is signed for`,
      "the file was changed or the mirror is being updated: nothing of it is used; try again or choose another --mirror",
    ),
  noPackage: (name: string, suite: string, architecture: string) =>
    new LockframeError(
      "LF-DEBIAN-031",
      `suite '${suite}' has no package '${name}' for ${architecture}`,
      "check the package's name and the suite",
    ),
  badRecord: (name: string, why: string) =>
    new LockframeError("LF-DEBIAN-032", `the index record of '${name}' cannot be used: ${why}`),
  noModule: (name: string, kernel: string) =>
    new LockframeError(
      "LF-DEBIAN-034",
      `${kernel} has no module '${name}'`,
      "check the spelling, and leave out what is built into the kernel",
    ),
  noKernel: (meta: string, depends: string) =>
    new LockframeError(
      "LF-DEBIAN-033",
      `'${meta}' depends on no kernel image ('${depends}')`,
      "name a suite that carries a kernel for this architecture",
    ),

  badDeb: (what: string, why: string) =>
    new LockframeError(
      "LF-DEBIAN-040",
      `${what} is not a Debian package: ${why}`,
      "give a .deb file (an ar archive with debian-binary, control.tar and data.tar)",
    ),
  badCompression: (what: string, member: string) =>
    new LockframeError(
      "LF-DEBIAN-041",
      `${what} holds ${member}, whose compression is not known`,
      "xz, zstd, gzip and no compression are",
    ),
  damaged: (what: string, cause: unknown) =>
    new LockframeError(
      "LF-DEBIAN-042",
      `${what} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      "fetch it again",
      { cause },
    ),
  noFile: (what: string, paths: readonly string[]) =>
    new LockframeError(
      "LF-DEBIAN-043",
      `${what} has no ${paths.join(", ")}`,
      "another version may keep it elsewhere",
    ),
  unsafePath: (what: string, path: string) =>
    new LockframeError(
      "LF-DEBIAN-044",
      `${what} holds '${path}', which leads out of the folder it is unpacked to`,
      "nothing was unpacked; do not trust this file",
    ),

  notCached: (what: string) =>
    new LockframeError(
      "LF-DEBIAN-050",
      `${what} is not in the cache, and --offline forbids to fetch it`,
      "run once without --offline",
    ),

  badEntry: (path: string, why: string) =>
    new LockframeError("LF-DEBIAN-060", `initramfs entry '${path}' cannot be written: ${why}`),
  notBusybox: (why: string) =>
    new LockframeError(
      "LF-DEBIAN-061",
      `the busybox given is not one for the guest: ${why}`,
      "give the static busybox of Debian's s390x package busybox-static",
    ),
} as const;
