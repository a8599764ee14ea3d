import type { CaseBuilder } from "./case-builder.ts";

/**
 * Puts an instruction for EXECUTE somewhere in the code window, with its operands set up, and returns its
 * address: of every length, such as Linux and its C library execute, and some that must not be executed.
 */
export function executedInstruction(builder: CaseBuilder): bigint {
  const { random } = builder;
  const address = clearAddress(builder);
  builder.putCode(address, Uint8Array.from(random.pick(makers)(builder)));
  return random.chance(0.03) ? address + 1n : address;
}

/** A place for an instruction from which no short branch leads back into the program. */
function clearAddress(builder: CaseBuilder): bigint {
  for (;;) {
    const address = builder.branchTarget();
    const far = address + 0x90n <= builder.address || address >= builder.address + 8n;
    if (far && address >= 0x2000_0000n && address < 0x2000_1ff8n) {
      return address;
    }
  }
}

type Maker = (builder: CaseBuilder) => number[];

const makers: readonly Maker[] = [
  ({ random }) => [random.pick([0x1a, 0x1b, 0x18, 0x12, 0x14, 0x17]), random.below(256)],
  ({ random }) => [
    0xa7,
    (random.below(16) << 4) | random.pick([0x8, 0x9, 0xa, 0xb]),
    random.below(256),
    random.below(256),
  ],
  ({ random }) => [0xa7, (random.below(16) << 4) | random.pick([0x4, 0x5]), 0, random.below(60) + 4],
  (builder) => [
    builder.random.pick([0x91, 0x92, 0x94, 0x95, 0x96]),
    builder.random.below(256),
    ...storageOperand(builder, 8),
  ],
  (builder) => [0x90, builder.random.below(256), ...storageOperand(builder, 64)],
  (builder) => [
    0xe3,
    builder.random.below(16) << 4,
    ...storageOperand(builder, 8),
    0,
    builder.random.pick([0x04, 0x24, 0x08]),
  ],
  storageToStorage,
  storageToStorage,
  storageToStorage,
  storageToStorage,
  ({ random }) =>
    random.pick([
      [0x44, 0, 0, 0],
      [0xc6, 0, 0, 0, 0, 0],
      [0, 0],
    ]),
];

function storageToStorage(builder: CaseBuilder): number[] {
  const operation = builder.random.pick([0xd2, 0xd2, 0xd5, 0xd7, 0xd4, 0xd6, 0xdc, 0xd1]);
  const length = builder.random.chance(0.5) ? 0 : builder.random.below(256);
  return [operation, length, ...storageOperand(builder, 256), ...storageOperand(builder, 256)];
}

function storageOperand(builder: CaseBuilder, length: number): [number, number] {
  const { random } = builder;
  const base = 1 + random.below(15);
  const displacement = random.below(0x40);
  const address = builder.dataAddress(length);
  builder.gr[base] = BigInt.asUintN(64, address - BigInt(displacement));
  builder.noteOperand(address);
  if (random.chance(0.5)) {
    builder.fill(address, Math.min(length, 32), "any");
  } else {
    builder.setValue(random.below(16), undefined);
    builder.gr[base] = BigInt.asUintN(64, address - BigInt(displacement));
  }
  return [base << 4, displacement];
}
