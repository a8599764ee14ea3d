import { createHash, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PAGE_SIZE, PageState } from "@lockframe/memory";
import { buildSeHeader, Pcf, PCF_DEFAULT } from "@lockframe/secure-image";
import { knownCustomer, knownHost } from "../test/known-keys.ts";
import {
  blockFor,
  component,
  createStorage,
  HEADER_AT,
  iplBlock,
  load,
  p521,
  seal,
  text,
  type SealedImage,
} from "../test/sealed-image.ts";
import { explainStartFailure, failureRegister, PvCommand, Ultravisor, type StartOutcome } from "./index.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const hostKey = p521();
const KERNEL = component(0x16000, 3, 0x28_0000_0000_0001n, "kernel");
const LOADER = component(0x20000, 70, 0x46_0000_0000_0001n, "stage3b"); // more than one batch
const image = seal({ components: [KERNEL, LOADER], hostKey });

function machine(size?: number, keys = [hostKey], backupHostKey?: KeyObject) {
  const storage = createStorage(size);
  const backup = backupHostKey === undefined ? {} : { backupHostKey };
  return { storage, ultravisor: new Ultravisor({ storage, hostKeys: keys, ...backup }) };
}

describe("known answers of the published format", () => {
  const counting = (from: number, length: number) => Uint8Array.from({ length }, (_, i) => from + i);
  const plain = new Uint8Array(2 * PAGE_SIZE);
  for (let i = 0; i < PAGE_SIZE; i++) plain[i] = i & 0xff;
  const known = seal({
    components: [{ address: 0x15000, bytes: plain, tweakPrefix: 0x0028_0102_0304_0506n }],
    hostKey: knownHost,
    customerKey: knownCustomer,
    headerKey: counting(0, 32),
    iv: counting(0xa0, 12),
    imageKey: counting(0x40, 64),
    cck: new Uint8Array(32).fill(0xc1),
    psw: { mask: 0x1_8000_0000n, address: 0x19000n },
  });

  test("are what is being started", () => {
    expect(sha256(known.header)).toBe("3d259e489067d4265ea2149b1c830848c8d0f18bac4f4cbeebbbff7e6e71aac8");
    const stored = known.components[0]?.stored ?? new Uint8Array();
    expect(sha256(stored.subarray(0, PAGE_SIZE))).toBe(
      "c5596a84e9b582965ba8305ae14ef606441541c4385d30f618c7d002c9c08f0a",
    );
    expect(sha256(stored.subarray(PAGE_SIZE))).toBe(
      "3d2203c445a9f20299a9fde4613c97889595f504cbf4d296e17e689914b60c64",
    );
  });

  test("start", () => {
    const { storage, ultravisor } = machine(undefined, [knownHost]);
    load(storage, known);
    expect(ultravisor.startProtected(blockFor(known))).toEqual({
      ok: true,
      psw: { mask: 0x1_8000_0000n, address: 0x19000n },
    });
    expect(hex(ultravisor.guestView.read(0x15000, 2 * PAGE_SIZE))).toBe(hex(plain));
  });
});

describe("a started guest", () => {
  test("finds its image in plain text and zeros everywhere else", () => {
    const { storage, ultravisor } = machine();
    storage.fill(0, storage.size, 0xee); // left behind by firmware and loader
    storage.setKey(0x30000, 0x30);
    load(storage, image);
    expect(ultravisor.startProtected(blockFor(image)).ok).toBe(true);
    const expected = new Uint8Array(storage.size);
    for (const { address, bytes } of [KERNEL, LOADER]) expected.set(bytes, address);
    expect(Buffer.compare(ultravisor.guestView.read(0, storage.size), expected)).toBe(0);
    expect(storage.getKey(0x30000)).toBe(0);
    for (let page = 0; page < storage.pageCount; page++)
      expect(storage.getPageState(page)).toBe(PageState.secure);
  });

  test("leaves nothing of its image in the exchange window", () => {
    const { storage, ultravisor } = machine();
    load(storage, image);
    ultravisor.startProtected(blockFor(image));
    const { exchangeBase, exchangeSize } = storage;
    const window = storage.bytes().subarray(exchangeBase, exchangeBase + exchangeSize);
    expect(window.every((byte) => byte === 0)).toBe(true);
  });

  test("may have components that are not encrypted", () => {
    const open = seal({ components: [KERNEL], hostKey, pcf: PCF_DEFAULT | Pcf.noComponentEncryption });
    expect(hex(open.components[0]?.stored.subarray(0, 6) ?? new Uint8Array())).toBe(hex(text("kernel")));
    const { storage, ultravisor } = machine();
    load(storage, open);
    expect(ultravisor.startProtected(blockFor(open)).ok).toBe(true);
    expect(hex(ultravisor.guestView.read(KERNEL.address, 6))).toBe(hex(text("kernel")));
  });

  test("progress counts every page, TLBs hear of every page", () => {
    const { storage, ultravisor } = machine();
    load(storage, image);
    const told = new Set<number>();
    storage.onOwnershipChange((first, count) => {
      for (let page = first; page < first + count; page++) told.add(page);
    });
    const progress: [number, number][] = [];
    ultravisor.startProtected(blockFor(image), (done, total) => progress.push([done, total]));
    expect(progress).toEqual([
      [3, 73],
      [67, 73],
      [73, 73],
    ]);
    expect(told.size).toBe(storage.pageCount);
  });

  test("opens with the backup host key where the header allows it", () => {
    const storage = createStorage();
    const forBackup = seal({ components: [KERNEL], hostKey, pcf: PCF_DEFAULT | Pcf.backupTargetKeys });
    load(storage, forBackup);
    const ultravisor = new Ultravisor({ storage, hostKeys: [p521()], backupHostKey: hostKey });
    expect(ultravisor.startProtected(blockFor(forBackup)).ok).toBe(true);
  });

  test("a machine has one", () => {
    const { storage, ultravisor } = machine();
    load(storage, image);
    ultravisor.startProtected(blockFor(image));
    const again = ultravisor.startProtected(blockFor(image));
    expect(again).toMatchObject({ ok: false, failure: { pvCommand: PvCommand.enable, rc: 0x104 } });
    expect(ultravisor.configuration?.state).toBe("running");
  });
});

/** A start that must fail. `change` works on fresh copies of header, stored components and block. */
interface Refusal {
  readonly name: string;
  readonly codes: readonly [pvCommand: number, rc: number, rrc: number];
  readonly image?: SealedImage;
  readonly keys?: Parameters<typeof machine>[1];
  readonly backupKey?: KeyObject;
  readonly change?: (parts: { header: DataView; stored: Uint8Array; block: DataView }) => void;
  /** Component pages were decrypted before the failure. */
  readonly unpacked?: true;
}

const { setSecParms, unpack, verify } = PvCommand;
const COMPONENT_0 = 0x88;
const COMPONENT_1 = 0xa0;
const refusals: readonly Refusal[] = [
  {
    name: "SE header beyond storage",
    codes: [setSecParms, 0x103, 0],
    change: ({ block }) => block.setBigUint64(0x78, 0xff_ffff_f000n),
  },
  {
    name: "SE header that crosses the end of storage",
    codes: [setSecParms, 0x103, 0],
    change: ({ block }) => block.setBigUint64(0x78, 0xffff8n),
  },
  {
    name: "header version",
    codes: [setSecParms, 0x104, 0x01],
    change: ({ header }) => header.setUint32(8, 0x200),
  },
  {
    name: "unknown plain-text control flag",
    codes: [setSecParms, 0x106, 0x30],
    change: ({ header }) => header.setUint8(0x38, 0x80),
  },
  { name: "another host's image", codes: [setSecParms, 0x108, 0x05], keys: [p521()] },
  { name: "no host key at all", codes: [setSecParms, 0x108, 0x05], keys: [] },
  {
    name: "customer key off the curve",
    codes: [setSecParms, 0x108, 0x0b],
    change: ({ header }) => header.setUint8(0x40 + 79, header.getUint8(0x40 + 79) ^ 1),
  },
  {
    name: "a backup key that does not fit either",
    codes: [setSecParms, 0x108, 0x34],
    image: seal({ components: [KERNEL, LOADER], hostKey, pcf: PCF_DEFAULT | Pcf.backupTargetKeys }),
    keys: [p521()],
    backupKey: p521(),
  },
  {
    name: "unknown secret control flag",
    codes: [setSecParms, 0x109, 0],
    image: seal({ components: [KERNEL, LOADER], hostKey, scf: 1n << 63n }),
  },
  {
    name: "header length",
    codes: [setSecParms, 0x10a, 0x31],
    change: ({ header }) => header.setUint32(0xc, 0x290),
  },
  {
    name: "header length in the block",
    codes: [setSecParms, 0x10a, 0x31],
    change: ({ block }) => block.setBigUint64(0x80, 0x300n),
  },
  {
    name: "no header",
    codes: [setSecParms, 0x10a, 0x31],
    change: ({ block }) => block.setBigUint64(0x80, 0n),
  },
  {
    name: "size of the encrypted area",
    codes: [setSecParms, 0x10a, 0x39],
    change: ({ header }) => header.setBigUint64(0x28, 0x81n),
  },
  {
    name: "no key slots",
    codes: [setSecParms, 0x10a, 0x40],
    change: ({ header }) => header.setBigUint64(0x20, 0n),
  },
  {
    name: "authenticated byte of the header changed",
    codes: [setSecParms, 0x10a, 0xf001],
    change: ({ header }) => header.setUint8(0xe0, header.getUint8(0xe0) ^ 1),
  },
  {
    name: "component beyond storage",
    codes: [unpack, 0x10a, 0],
    change: ({ block }) => block.setBigUint64(COMPONENT_1 + 8, 0xf0000n),
  },
  {
    name: "component as large as the address space",
    codes: [unpack, 0x10a, 0],
    change: ({ block }) => block.setBigUint64(COMPONENT_1 + 16, 0xffff_ffff_ffff_ffffn),
  },
  {
    name: "overlapping components",
    codes: [unpack, 0x105, 0],
    change: ({ block }) => block.setBigUint64(COMPONENT_1 + 8, 0x18000n),
  },
  {
    name: "component at another address",
    codes: [verify, 0x102, 0x1a],
    change: ({ block }) => block.setBigUint64(COMPONENT_0 + 8, 0x15000n),
    unpacked: true,
  },
  {
    name: "one bit of a component",
    codes: [verify, 0x102, 0x1b],
    change: ({ stored }) => stored.set([stored[100] === undefined ? 0 : stored[100] ^ 1], 100),
    unpacked: true,
  },
  {
    name: "another tweak",
    codes: [verify, 0x102, 0x1c],
    change: ({ block }) => block.setBigUint64(COMPONENT_0, 5n),
    unpacked: true,
  },
  {
    name: "a page less",
    codes: [verify, 0x102, 0x1d],
    change: ({ block }) => block.setBigUint64(COMPONENT_1 + 16, BigInt(69 * PAGE_SIZE)),
    unpacked: true,
  },
  {
    name: "a page more",
    codes: [verify, 0x102, 0x1d],
    change: ({ block }) => block.setBigUint64(COMPONENT_1 + 16, BigInt(71 * PAGE_SIZE)),
    unpacked: true,
  },
];

/** Every return code that is published for the steps of a start. Source: stage3a of s390-tools, kvm-unit-tests. */
const published: readonly (readonly [pvCommand: number, rc: number, rrc: number])[] = [
  [setSecParms, 0x103, 0],
  [setSecParms, 0x104, 0x01],
  [setSecParms, 0x106, 0x30],
  [setSecParms, 0x108, 0x05],
  [setSecParms, 0x108, 0x0b],
  [setSecParms, 0x108, 0x34],
  [setSecParms, 0x109, 0],
  [setSecParms, 0x10a, 0x31],
  [setSecParms, 0x10a, 0x39],
  [setSecParms, 0x10a, 0x40],
  [unpack, 0x10a, 0],
  [verify, 0x102, 0x1a],
  [verify, 0x102, 0x1b],
  [verify, 0x102, 0x1c],
  [verify, 0x102, 0x1d],
];

test.each(published)(
  "command %i: rc %i with reason %i is given in the situation that it names",
  (...codes) => {
    expect(refusals.map((refusal) => refusal.codes)).toContainEqual(codes);
  },
);

describe("a start is refused for", () => {
  test.each(refusals)("$name", ({ codes, image: special, keys, backupKey, change, unpacked }) => {
    const { storage, ultravisor } = machine(undefined, keys, backupKey);
    storage.fill(0, storage.size, 0xee);
    const original = special ?? image;
    const header = original.header.slice();
    const components = original.components.map((part) => ({ ...part, stored: part.stored.slice() }));
    const block = blockFor(original);
    change?.({
      header: new DataView(header.buffer),
      stored: components[0]?.stored ?? new Uint8Array(),
      block: new DataView(block.buffer),
    });
    load(storage, { header, components });
    const before = storage.fetch(0, storage.size);

    const outcome = ultravisor.startProtected(block);
    const [pvCommand, rc, rrc] = codes;
    expect(outcome).toEqual({ ok: false, failure: { pvCommand, rc, rrc, diagnoseCode: 0x0a02 } });
    if (unpacked) clearUnpacked(before, block);
    expect(Buffer.compare(storage.fetch(0, storage.size), before)).toBe(0);
    expect(ultravisor.isProtected).toBe(false);
    for (let page = 0; page < storage.pageCount; page++)
      expect(storage.getPageState(page)).toBe(PageState.normal);
    expect(storage.importPage(0)).toBe(false);
  });

  /** What was decrypted must be gone, and nothing else. */
  function clearUnpacked(storage: Uint8Array, block: Uint8Array): void {
    const view = new DataView(block.buffer);
    for (const at of [COMPONENT_0, COMPONENT_1]) {
      const address = Number(view.getBigUint64(at + 8));
      storage.fill(0, address, address + Number(view.getBigUint64(at + 16)));
    }
  }

  test("a block that is none", () => {
    const { ultravisor } = machine();
    expect(ultravisor.startProtected(new Uint8Array(4096))).toEqual({
      ok: false,
      failure: { pvCommand: PvCommand.enable, rc: 0, rrc: 0, diagnoseCode: 0x0902 },
    });
  });

  test("a failure in the middle, and the machine can start the right image afterwards", () => {
    const { storage, ultravisor } = machine();
    load(storage, image);
    const broken = () =>
      ultravisor.startProtected(blockFor(image), () => {
        throw new Error("observer");
      });
    expect(broken).toThrow("observer");
    expect(ultravisor.isProtected).toBe(false);
    expect(hex(storage.fetch(KERNEL.address, 6))).toBe("000000000000");
    load(storage, image);
    expect(ultravisor.startProtected(blockFor(image)).ok).toBe(true);
  });
});

describe("a failure", () => {
  const failed = (outcome: StartOutcome) => {
    if (outcome.ok) throw new Error("started");
    return outcome.failure;
  };

  test("is told to the loader in one register", () => {
    const { storage, ultravisor } = machine(undefined, [p521()]);
    load(storage, image);
    expect(failureRegister(failed(ultravisor.startProtected(blockFor(image))))).toBe(0x0002_0005_0108_0a02n);
  });

  test("is explained to people, each with a code of its own and never with a secret", () => {
    const codes = refusals.map(({ codes: [pvCommand, rc, rrc] }) => {
      if (pvCommand !== setSecParms && pvCommand !== unpack && pvCommand !== verify)
        throw new Error("command");
      const { code, message, hint } = explainStartFailure({ pvCommand, rc, rrc, diagnoseCode: 0x0a02 });
      expect(message).toContain(`rc 0x${rc.toString(16)}`);
      expect(hint).toBeTruthy();
      return code;
    });
    expect(codes).not.toContain("LF-UV-100");
    expect(new Set(codes).size).toBe(15);
  });
});

test("a header may be larger than a page, with many hosts", () => {
  const { storage, ultravisor } = machine();
  const one = seal({ components: [KERNEL], hostKey });
  const view = new DataView(one.header.buffer, one.header.byteOffset);
  const many = buildSeHeader({
    customerKey: p521(),
    hostKeys: [...Array.from({ length: 60 }, p521), hostKey],
    headerKey: new Uint8Array(32).fill(3),
    iv: new Uint8Array(12),
    pcf: PCF_DEFAULT | Pcf.noComponentEncryption,
    digests: {
      pld: one.header.slice(0xe0, 0x120),
      ald: one.header.slice(0x120, 0x160),
      tld: one.header.slice(0x160, 0x1a0),
      pageCount: view.getBigUint64(0x30),
    },
    secrets: {
      cck: new Uint8Array(32),
      imageKey: new Uint8Array(64).fill(1),
      psw: { mask: 0x1_8000_0000n, address: 0n },
      scf: 0n,
    },
  });
  expect(many.length).toBeGreaterThan(PAGE_SIZE);
  load(storage, one);
  storage.storeBytes(0x30000, many);
  const block = iplBlock(
    many.length,
    one.components.map(({ address, stored, tweakPrefix }) => ({
      address,
      tweakPrefix,
      length: stored.length,
    })),
    0x30000,
  );
  expect(HEADER_AT).not.toBe(0x30000);
  expect(ultravisor.startProtected(block).ok).toBe(true);
});
