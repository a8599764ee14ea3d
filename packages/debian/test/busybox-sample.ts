/** The least that passes for Debian's static busybox: an ELF header, one program header, and a table of applets. */
export function busyboxSample(names: readonly string[] = ["[", "[[", "busybox", "mount", "sh"]): Buffer {
  const head = Buffer.alloc(64 + 56);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  head.writeUInt16BE(2, 16); // ET_EXEC
  head.writeUInt16BE(22, 18); // EM_S390
  head.writeBigUInt64BE(64n, 32);
  head.writeUInt16BE(56, 54);
  head.writeUInt16BE(1, 56);
  head.writeUInt32BE(1, 64); // PT_LOAD
  return Buffer.concat([head, Buffer.from(`text [\0[[\0 no table\0${names.join("\0")}\0\0\0more`)]);
}
