import { failure } from "./errors.ts";

const ET_EXEC = 2;
const ET_DYN = 3;
const EM_S390 = 22;
const PT_INTERP = 3;

/**
 * Refuses what the guest could not run as its first program.
 * @throws LockframeError LF-DEBIAN-061 unless it is a static s390x ELF executable.
 */
export function checkBusybox(busybox: Uint8Array): void {
  const view = new DataView(busybox.buffer, busybox.byteOffset, busybox.byteLength);
  if (busybox.length < 64 || view.getUint32(0) !== 0x7f454c46) throw failure.notBusybox("it is no ELF file");
  if (busybox[4] !== 2 || busybox[5] !== 2 || view.getUint16(18) !== EM_S390)
    throw failure.notBusybox("it is built for another architecture than s390x");
  if (![ET_EXEC, ET_DYN].includes(view.getUint16(16))) throw failure.notBusybox("it is no executable");
  const [start, size, count] = [Number(view.getBigUint64(32)), view.getUint16(54), view.getUint16(56)];
  if (size < 56 || start + size * count > busybox.length)
    throw failure.notBusybox("its program headers are cut short");
  for (let at = start; at < start + size * count; at += size)
    if (view.getUint32(at) === PT_INTERP) throw failure.notBusybox("it is linked dynamically");
}

/**
 * Names of the applets that a busybox holds, from its table of applet names: strings in alphabetical order, which begins
 * with `[` and `[[` and ends with an empty one. Empty if there is no such table.
 */
export function appletNames(busybox: Uint8Array): readonly string[] {
  const bytes = Buffer.from(busybox.buffer, busybox.byteOffset, busybox.byteLength);
  for (let at = bytes.indexOf("[\0[[\0"); at >= 0; at = bytes.indexOf("[\0[[\0", at + 1)) {
    const names = bytes.toString("latin1", at, bytes.indexOf("\0\0", at)).split("\0");
    if (names.includes("sh") && names.every((name) => /^[\w.[+-]+$/.test(name))) return names;
  }
  return [];
}
