/**
 * Every part of an image that somebody could change. Whatever it is: the guest does not start, the person is told what
 * is wrong by a stable code, and the exit status is not 0.
 */
import type { KeyObject } from "node:crypto";
import { type ParsedSeImage, parseSeImage } from "@lockframe/secure-image";
import { lockframe } from "lockframe/testing";
import { afterAll, expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

const folder = new ScratchFolder();
afterAll(() => folder[Symbol.dispose]());
const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const hostKey = newHostKey();
const keyFile = folder.write("host.key", pem(hostKey));
const good = await sealTinyGuest(hostKey, {
  cmdline: Buffer.from("sealed words"),
  initrd: Buffer.alloc(0x1000, 0x5a),
});
const parsed = parseSeImage(good);

/** An image to be changed, with the places of its parts. */
interface Scene extends ParsedSeImage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Places of the SE header, and of fields that follow its key slots. */
  readonly head: number;
  readonly sealed: number;
  readonly block: number;
  component(n: number): { readonly at: number; readonly address: number; readonly length: number };
}

function sceneOf(bytes: Uint8Array): Scene {
  const { ipib, headerOffset, header } = parsed;
  if (ipib === undefined) throw new Error("the image has no IPL information block");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    ...parsed,
    bytes,
    view,
    head: headerOffset,
    sealed: headerOffset + 0x1a0 + 80 * header.slots.length,
    block: ipib.offset,
    component(n) {
      const { address, length } = ipib.components[n] ?? { address: 0, length: 0 };
      return { at: ipib.offset + 0x88 + 24 * n, address, length };
    },
  };
}

const flip =
  (place: (scene: Scene) => number, bit = 7) =>
  (scene: Scene): void => {
    const at = place(scene);
    scene.bytes[at] = (scene.bytes[at] ?? 0) ^ (0x80 >> bit);
  };
const put64 =
  (place: (scene: Scene) => number, value: bigint | ((scene: Scene) => bigint)) =>
  (scene: Scene): void =>
    scene.view.setBigUint64(place(scene), typeof value === "bigint" ? value : value(scene));
const put32 =
  (place: (scene: Scene) => number, value: number) =>
  (scene: Scene): void =>
    scene.view.setUint32(place(scene), value);

const FOUR_GIB = 1n << 32n;

/** What is changed, how, what the Ultravisor says, and the reader of images if it sees the damage. */
type Damage = readonly [what: string, change: (scene: Scene) => void, code: string, seen?: string];
const damages: readonly Damage[] = [
  ["header: magic", flip(({ head }) => head), "LF-UV-118", "LF-IMAGE-010"],
  ["header: version", flip(({ head }) => head + 0x0b), "LF-UV-111", "LF-IMAGE-011"],
  ["header: size", flip(({ head }) => head + 0x0f), "LF-UV-118", "LF-IMAGE-012"],
  ["header: a size of 4 GiB", put32(({ head }) => head + 0x0c, 0xffff_ffff), "LF-UV-118", "LF-IMAGE-012"],
  ["header: IV", flip(({ head }) => head + 0x10), "LF-UV-118"],
  ["header: reserved field", flip(({ head }) => head + 0x1c), "LF-UV-118"],
  ["header: number of key slots", flip(({ head }) => head + 0x27), "LF-UV-117", "LF-IMAGE-013"],
  [
    "header: far too many key slots",
    put64(({ head }) => head + 0x20, (1n << 64n) - 1n),
    "LF-UV-118",
    "LF-IMAGE-012",
  ],
  ["header: size of the encrypted area", flip(({ head }) => head + 0x2f), "LF-UV-118", "LF-IMAGE-014"],
  ["header: number of pages", flip(({ head }) => head + 0x37), "LF-UV-118"],
  ["header: a plain-text control flag", flip(({ head }) => head + 0x3c, 2), "LF-UV-118"],
  ["header: an unknown plain-text control flag", flip(({ head }) => head + 0x38), "LF-UV-112"],
  ["header: customer key, X", flip(({ head }) => head + 0x8f), "LF-UV-114"],
  ["header: customer key, padding", flip(({ head }) => head + 0x40), "LF-UV-114"],
  ["header: page list digest", flip(({ head }) => head + 0xe0), "LF-UV-118"],
  ["header: address list digest", flip(({ head }) => head + 0x120), "LF-UV-118"],
  ["header: tweak list digest", flip(({ head }) => head + 0x160), "LF-UV-118"],
  ["key slot: hash of the host key", flip(({ head }) => head + 0x1a0), "LF-UV-113"],
  ["key slot: wrapped key", flip(({ head }) => head + 0x1c0), "LF-UV-118"],
  ["key slot: tag", flip(({ head }) => head + 0x1e0), "LF-UV-118"],
  ["header: communication key", flip(({ sealed }) => sealed), "LF-UV-118"],
  ["header: image key", flip(({ sealed }) => sealed + 0x20), "LF-UV-118"],
  ["header: PSW", flip(({ sealed }) => sealed + 0x6f), "LF-UV-118"],
  ["header: secret control flags", flip(({ sealed }) => sealed + 0x70), "LF-UV-118"],
  ["header: number of optional items", flip(({ sealed }) => sealed + 0x7b), "LF-UV-118"],
  ["header: tag", flip(({ sealed }) => sealed + 0x80), "LF-UV-118"],
  ...["kernel", "initial RAM disk", "command line", "loader"].map(
    (name, n) =>
      [`${name}: a byte`, flip((scene) => scene.component(n).address + 0x123), "LF-UV-131"] as const,
  ),
  ["block: length", put32(({ block }) => block, 0x40), "LF-UV-100", "LF-IMAGE-021"],
  ["block: type", flip(({ block }) => block + 0x0c), "LF-UV-100", "LF-IMAGE-020"],
  ["block: no component", put32(({ block }) => block + 0x74, 0), "LF-UV-100", "LF-IMAGE-022"],
  [
    "block: far too many components",
    put32(({ block }) => block + 0x74, 0xffff_ffff),
    "LF-UV-100",
    "LF-IMAGE-022",
  ],
  ["block: one component less", put32(({ block }) => block + 0x74, 3), "LF-UV-133"],
  ["component: tweak prefix", flip((scene) => scene.component(0).at + 7), "LF-UV-132"],
  [
    "component: tweak prefixes out of order",
    put64((scene) => scene.component(0).at, (1n << 64n) - 1n),
    "LF-UV-100",
    "LF-IMAGE-024",
  ],
  [
    "component: address off a page boundary",
    put64(
      (scene) => scene.component(0).at + 8,
      (scene) => BigInt(scene.component(0).address + 8),
    ),
    "LF-UV-100",
    "LF-IMAGE-023",
  ],
  [
    "component: address of another",
    put64(
      (scene) => scene.component(1).at + 8,
      (scene) => BigInt(scene.component(0).address),
    ),
    "LF-UV-121",
    "LF-IMAGE-031",
  ],
  [
    "component: address beyond storage",
    put64((scene) => scene.component(0).at + 8, FOUR_GIB),
    "LF-UV-120",
    "LF-IMAGE-030",
  ],
  [
    "component: address at the end of the address space",
    put64((scene) => scene.component(0).at + 8, (1n << 64n) - 0x1000n),
    "LF-UV-120",
    "LF-IMAGE-026",
  ],
  [
    "component: a length of 4 GiB",
    put64((scene) => scene.component(3).at + 16, FOUR_GIB),
    "LF-UV-120",
    "LF-IMAGE-030",
  ],
  [
    "component: length off a page boundary",
    put64((scene) => scene.component(0).at + 16, 0x1001n),
    "LF-UV-133",
    "LF-IMAGE-025",
  ],
  ["component: no length", put64((scene) => scene.component(0).at + 16, 0n), "LF-UV-133", "LF-IMAGE-025"],
  [
    "component: a page less",
    put64(
      (scene) => scene.component(0).at + 16,
      (scene) => BigInt(scene.component(0).length - 0x1000),
    ),
    "LF-UV-133",
  ],
  [
    "two components in each other's place",
    (scene) => {
      const [first, second] = [scene.component(1), scene.component(2)];
      scene.view.setBigUint64(first.at + 8, BigInt(second.address));
      scene.view.setBigUint64(second.at + 8, BigInt(first.address));
    },
    "LF-UV-130",
  ],
];

/**
 * The command looks at an image before it starts anything, the Ultravisor trusts nobody: each damage that the reader of
 * images can see is tried on both.
 */
test("as it was built it starts", async () => {
  await using guest = await startMachine({ kernel: good, hostKeys: [hostKey] });
  expect(await guest.until(/guest> /)).toContain("Protected: 1");
});

test.for(damages)("%s", async ([what, change, code, seen]) => {
  const bytes = good.slice();
  change(sceneOf(bytes));
  expect(bytes).not.toEqual(good);

  const file = folder.write(`${what.replaceAll(/[^a-z0-9]+/gi, "-")}.img`, bytes);
  const outcome = await lockframe(["run", file, "--host-key", keyFile, "--timeout", "20s"]);
  expect(outcome.stderr).toContain(`: ${seen ?? code}: `);
  expect(outcome.status).toBe(seen === undefined ? 5 : 1);
  expect(outcome.stdout).not.toContain("tiny guest");
  if (seen === undefined) return;

  await using guest = await startMachine({ kernel: bytes, hostKeys: [hostKey] });
  expect(await guest.stopped).toMatchObject({ kind: "protection-refused", code });
  expect(guest.console.text).not.toContain("tiny guest");
});
