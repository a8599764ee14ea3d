/** A protected guest makes a file system on a virtio disk, fills it, and reads back what it wrote. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildBusyboxInitramfs,
  DebianArchive,
  fetchDemoParts,
  fetchKernelModules,
  fetchUserland,
} from "@lockframe/debian";
import { sealedImage } from "../bench/sealed-image.ts";
import { faultsOf, makeEmptyImage } from "./ext4-image.ts";
import { GuestConsole } from "./guest-console.ts";

const MIB = 2 ** 20;

/** The data is a stream that depends on the position, made anew for the comparison. */
const initOf = (mebibytes: number): string => `#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_blk crc32c_generic ext4
mkdir -p /mnt
read -r protected < /sys/firmware/uv/prot_virt_guest
echo "protected $protected"
/usr/sbin/mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt || exit 1
head -c 1048576 /dev/urandom > /piece
n=0
while [ $n -lt ${mebibytes} ]; do echo $n; cat /piece; n=$((n + 1)); done | tee /mnt/data | md5sum > /written
sync
umount /mnt && mount -t ext4 /dev/vda /mnt
md5sum < /mnt/data > /read
ls -l /mnt/data
cmp /written /read && echo "the same was read"
umount /mnt && echo "disk was unmounted"
poweroff -f
`;

/** @param mebibytes of data @throws Error what is wrong */
export async function fillProtectedDisk(
  folder: string,
  mebibytes: number,
  log: (text: string) => void,
): Promise<void> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const { kernel, busybox } = await fetchDemoParts(archive);
  const extraFiles = [
    ...(await fetchUserland(archive, ["e2fsprogs"])),
    ...(await fetchKernelModules(archive, ["virtio_blk", "ext4", "crc32c_generic"])),
  ];
  const parts = { kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
  writeFileSync(parts.kernel, kernel.bytes);
  const init = initOf(mebibytes);
  writeFileSync(
    parts.initrd,
    buildBusyboxInitramfs({ busybox: busybox.bytes, init, extraFiles, compression: "none" }),
  );
  const sealed = await sealedImage(parts, folder);
  if (typeof sealed === "string") throw new Error(sealed);
  const image = join(folder, "disk.img");
  makeEmptyImage(image, Math.ceil(1.25 * mebibytes + 64) * MIB);
  const machine = [
    "-machine",
    "s390-ccw-virtio,confidential-guest-support=pv0",
    "-object",
    "s390-pv-guest,id=pv0",
  ];
  const guestOf = ["-m", "512", "-kernel", sealed.image, "--host-key", sealed.hostKey];
  await using guest = new GuestConsole(
    [...machine, ...guestOf, "-drive", `file=${image},format=raw,if=virtio`],
    log,
  );
  await guest.expect(/protected 1/, 600);
  await guest.expect(/the same was read[^]*disk was unmounted/, 3600);
  await guest.end(60);
  const faults = faultsOf(image);
  if (faults !== "") throw new Error(faults);
  log(`${mebibytes} MiB were written, read back and compared; the file system is clean`);
}
