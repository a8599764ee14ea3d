import { describe, expect, it } from "vitest";
import { DebianArchive } from "./archive.ts";
import { fetchBusyboxStatic, isUnavailable, resolveLatestKernel } from "./parts.ts";
import { buildBusyboxInitramfs } from "./initramfs.ts";
import { appletNames } from "./busybox.ts";

/** Needs a Debian mirror, or a cache filled by an earlier run; skipped by name where there is neither. */
const archive = new DebianArchive({ silence: 5000 });
const unavailable = await archive.release("trixie").then(
  () => undefined,
  (error: unknown) => (isUnavailable(error) && error instanceof Error ? error.message : undefined),
);
const title = `Debian's own archive${unavailable === undefined ? "" : ` (not to be had: ${unavailable})`}`;

describe.skipIf(unavailable !== undefined)(title, () => {
  it("is signed by keys that we know, and has a 6.12 kernel for s390x", async () => {
    expect((await archive.release("trixie")).codename).toBe("trixie");
    expect((await resolveLatestKernel(archive)).name).toMatch(/^linux-image-6\.12\.\d+.*-s390x$/);
  });

  it("has a static busybox of which an initramfs can be made", async () => {
    const { bytes } = await fetchBusyboxStatic(archive);
    expect(appletNames(bytes)).toEqual(
      expect.arrayContaining(["cttyhack", "mount", "poweroff", "setsid", "sh", "uname"]),
    );
    expect(buildBusyboxInitramfs({ busybox: bytes, compression: "none" }).length).toBeGreaterThan(
      bytes.length,
    );
  });
});
