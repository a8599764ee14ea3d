import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One instruction and what it works on; see runner.s. */
export interface BareRecord {
  instruction: Uint8Array;
  gr1: bigint;
  gr2: bigint;
  first: Uint8Array;
  second: Uint8Array;
  conditionCode: number;
  /** Program-interruption code, 0 for none. */
  interruption: number;
}

const PROGRAM = 0x10000;
const RECORDS = 0x20000;
const RECORD = 160;

/** Runs records on a bare machine of Hercules (Debian's package), all in one go. */
export class Hercules implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "lockframe-judge-"));
  readonly #program: Buffer;
  readonly #symbols = new Map<string, number>();

  constructor() {
    const object = join(this.#folder, "runner.o");
    const linked = join(this.#folder, "runner.elf");
    const raw = join(this.#folder, "runner.bin");
    run("s390x-linux-gnu-as", ["-march=z10", "-o", object, join(import.meta.dirname, "runner.s")]);
    run("s390x-linux-gnu-ld", [`-Ttext=0x${PROGRAM.toString(16)}`, "-e", "start", "-o", linked, object]);
    run("s390x-linux-gnu-objcopy", ["-O", "binary", linked, raw]);
    for (const line of run("s390x-linux-gnu-nm", [linked]).split("\n")) {
      const [address = "0", , name = ""] = line.split(" ");
      this.#symbols.set(name, Number.parseInt(address, 16));
    }
    this.#program = readFileSync(raw);
  }

  run(records: readonly BareRecord[]): BareRecord[] {
    const image = join(this.#folder, "image.core");
    const result = join(this.#folder, "result.core");
    // Hercules does not overwrite.
    rmSync(result, { force: true });
    const end = RECORDS + RECORD * records.length;
    writeFileSync(image, this.#image(records));
    const commands = [
      `loadcore ${image}`,
      "restart",
      "pause 2",
      `savecore ${result} ${RECORDS.toString(16)} ${(end - 1).toString(16)}`,
      "quit",
    ];
    const configuration = join(this.#folder, "hercules.cnf");
    writeFileSync(
      configuration,
      "CPUSERIAL 000001\nCPUMODEL 2097\nMAINSIZE 64\nNUMCPU 1\nARCHMODE z/Arch\n0009 1052-C *\n",
    );
    writeFileSync(join(this.#folder, "hercules.rc"), `${commands.join("\n")}\n`);
    spawnSync("hercules", ["-d", "-f", configuration], {
      env: { ...process.env, HERCULES_RC: join(this.#folder, "hercules.rc") },
      input: "",
      timeout: 60_000,
    });
    const bytes = readFileSync(result);
    return records.map((_, index) => decode(bytes.subarray(index * RECORD, (index + 1) * RECORD)));
  }

  #image(records: readonly BareRecord[]): Buffer {
    const image = Buffer.alloc(RECORDS + RECORD * records.length);
    image.set(this.#program, PROGRAM);
    image.writeBigUInt64BE(BigInt(RECORDS), this.#symbol("records"));
    image.writeBigUInt64BE(BigInt(records.length), this.#symbol("count"));
    // Restart and program new PSWs: 64-bit addressing, all interruptions disabled.
    for (const [at, name] of [
      [0x1a0, "start"],
      [0x1d0, "program"],
    ] as const) {
      image.writeBigUInt64BE(0x0000000180000000n, at);
      image.writeBigUInt64BE(BigInt(this.#symbol(name)), at + 8);
    }
    records.forEach((record, index) => image.set(encode(record), RECORDS + RECORD * index));
    return image;
  }

  #symbol(name: string): number {
    const address = this.#symbols.get(name);
    if (address === undefined) throw new Error(`runner.s defines no ${name}`);
    return address;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function run(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

function encode(record: BareRecord): Buffer {
  const bytes = Buffer.alloc(RECORD);
  bytes.set(record.instruction);
  // A four-byte instruction is followed by a branch that is never taken.
  if (record.instruction.length === 4) bytes.set([0x07, 0x00], 4);
  bytes.writeBigUInt64BE(record.gr1, 8);
  bytes.writeBigUInt64BE(record.gr2, 16);
  bytes.set(record.first, 24);
  bytes.set(record.second, 88);
  bytes[152] = record.conditionCode;
  return bytes;
}

function decode(bytes: Buffer): BareRecord {
  return {
    instruction: Uint8Array.from(bytes.subarray(0, 6)),
    gr1: bytes.readBigUInt64BE(8),
    gr2: bytes.readBigUInt64BE(16),
    first: Uint8Array.from(bytes.subarray(24, 88)),
    second: Uint8Array.from(bytes.subarray(88, 152)),
    conditionCode: bytes[152] ?? 0,
    interruption: bytes.readUInt16BE(154),
  };
}

/** Absolute address of the first operand of a record. */
export function firstOperandOf(index: number): bigint {
  return BigInt(RECORDS + RECORD * index + 24);
}
