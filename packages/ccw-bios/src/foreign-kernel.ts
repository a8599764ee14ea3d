/** Files that people give as a kernel by mistake, told by their first bytes. */

interface Signature {
  readonly name: string;
  readonly at: number;
  readonly bytes: readonly number[];
}

const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

/** Kernels of other architectures. Sources: Linux Documentation/arch (x86 boot, arm64, riscv image headers). */
const kernels: readonly Signature[] = [
  { name: "x86", at: 0x202, bytes: ascii("HdrS") },
  { name: "ARM64", at: 0x38, bytes: ascii("ARM\x64") },
  { name: "RISC-V", at: 0x38, bytes: ascii("RSC\x05") },
  { name: "RISC-V", at: 0x30, bytes: ascii("RISCV\0\0\0") },
  { name: "ARM", at: 0x24, bytes: [0x18, 0x28, 0x6f, 0x01] },
];

/** Wrappings of a kernel that a machine cannot start. */
const wrappings: readonly Signature[] = [
  { name: "gzip", at: 0, bytes: [0x1f, 0x8b] },
  { name: "xz", at: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: "zstd", at: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "lz4", at: 0, bytes: [0x02, 0x21, 0x4c, 0x18] },
  { name: "bzip2", at: 0, bytes: ascii("BZh") },
  { name: "U-Boot image", at: 0, bytes: [0x27, 0x05, 0x19, 0x56] },
];

/** Machine numbers of ELF files. */
const elfMachines: Readonly<Record<number, string>> = {
  2: "SPARC",
  3: "x86 (32-bit)",
  8: "MIPS",
  20: "PowerPC (32-bit)",
  21: "PowerPC",
  22: "s390",
  40: "ARM",
  43: "SPARC (64-bit)",
  50: "Itanium",
  62: "x86-64",
  183: "ARM64",
  243: "RISC-V",
  258: "LoongArch",
};

/** Machine numbers of PE files, which EFI kernels are. */
const peMachines: Readonly<Record<number, string>> = {
  0x14c: "x86 (32-bit)",
  0x1c2: "ARM",
  0x5032: "RISC-V (32-bit)",
  0x5064: "RISC-V",
  0x6264: "LoongArch",
  0x8664: "x86-64",
  0xaa64: "ARM64",
};

/** The architecture, other than this one, that a file which is no ELF file is a kernel for. */
export function foreignArchitecture(file: Uint8Array): string | undefined {
  return kernels.find((signature) => matches(file, signature))?.name ?? peArchitecture(file);
}

/** What a file has to be unwrapped from before it is a kernel. */
export function wrapping(file: Uint8Array): string | undefined {
  return wrappings.find((signature) => matches(file, signature))?.name;
}

/** Name of the architecture that an ELF file is for. */
export function elfArchitecture(machine: number): string {
  return elfMachines[machine] ?? `ELF machine ${machine}`;
}

function matches(file: Uint8Array, { at, bytes }: Signature): boolean {
  return bytes.every((byte, i) => file[at + i] === byte);
}

function peArchitecture(file: Uint8Array): string | undefined {
  if (!matches(file, { name: "PE", at: 0, bytes: ascii("MZ") }) || file.length < 0x40) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const header = view.getUint32(0x3c, true);
  if (header + 6 > file.length || !matches(file, { name: "PE", at: header, bytes: ascii("PE\0\0") }))
    return undefined;
  const machine = view.getUint16(header + 4, true);
  return peMachines[machine] ?? `PE machine 0x${machine.toString(16)}`;
}
