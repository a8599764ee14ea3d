/** A guest of more than 4 GiB fills a tmpfs with more than that, and compares what it finds there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildBusyboxInitramfs, DebianArchive, fetchDemoParts } from "@lockframe/debian";
import { GuestConsole } from "./guest-console.ts";

/** Copies of one random piece; every page of them is written, and read by the comparison. */
const PIECE_MIB = 128;
const initOf = (pieces: number): string => `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mkdir -p /mnt && mount -t tmpfs -o size=95% none /mnt
head -c ${PIECE_MIB * 2 ** 20} /dev/urandom > /mnt/0
n=0
while [ $((n = n + 1)) -lt ${pieces} ]; do cp /mnt/0 /mnt/$n || poweroff -f; done
n=0
while [ $((n = n + 1)) -lt ${pieces} ]; do cmp /mnt/0 /mnt/$n || poweroff -f; done
free -m
echo "all of $n pieces are the same"
poweroff -f
`;

/** @param gibibytes that are written; the guest has half a gibibyte more @throws Error what is wrong */
export async function fillLargeGuest(
  folder: string,
  gibibytes: number,
  log: (text: string) => void,
): Promise<void> {
  const { kernel, busybox } = await fetchDemoParts(new DebianArchive({ environment: { ...process.env } }));
  const parts = { kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
  writeFileSync(parts.kernel, kernel.bytes);
  const init = initOf((gibibytes * 1024) / PIECE_MIB);
  writeFileSync(parts.initrd, buildBusyboxInitramfs({ busybox: busybox.bytes, init }));
  const size = `${gibibytes * 1024 + 512}M`;
  await using guest = new GuestConsole(
    ["-m", size, "-kernel", parts.kernel, "-initrd", parts.initrd, "-append", "console=ttysclp0 quiet"],
    log,
  );
  await guest.expect(/all of \d+ pieces are the same/, 3600);
  await guest.end(60);
  log(`${gibibytes} GiB were written and compared by a guest of ${size}`);
}
