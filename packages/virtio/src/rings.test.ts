import fc from "fast-check";
import { PlainHostView, Storage } from "@lockframe/memory";
import { expect, test } from "vitest";
import { feature } from "./feature-bits.ts";
import { PackedRing } from "./packed-ring.ts";
import { passed, type Ring, type RingLayout } from "./ring.ts";
import { MalformedRing, RingMemory } from "./ring-memory.ts";
import { SplitRing } from "./split-ring.ts";

const layout: RingLayout = { size: 4, descriptors: 0x1000, driver: 0x2000, device: 0x3000 };
const TABLE = 0x4000;
const ALL = feature.indirectDescriptors | feature.eventIndex;

class Bed {
  readonly storage = Storage.create({ size: 0x100000, reserved: 0 });
  readonly memory = new RingMemory(new PlainHostView(this.storage), true);

  split(features = ALL): Ring {
    return new SplitRing(this.memory, layout, features);
  }
  packed(features = ALL): Ring {
    return new PackedRing(this.memory, layout, features | feature.packedRing);
  }
  descriptor(at: number, address: number, length: number, a: number, b: number): void {
    this.memory.store(
      at,
      [4, address % 2 ** 32],
      [4, Math.floor(address / 2 ** 32)],
      [4, length],
      [2, a],
      [2, b],
    );
  }
  offer(head: number, index = 1): void {
    this.memory.store(layout.driver + 4, [2, head], [2, head], [2, head], [2, head]);
    this.memory.store(layout.driver + 2, [2, index]);
  }
}

const [NEXT, WRITE, INDIRECT] = [1, 2, 4];
const at = (index: number) => layout.descriptors + 16 * index;
const table = (index: number) => TABLE + 16 * index;

const malformedSplit: Readonly<Record<string, (bed: Bed) => void>> = {
  "a head that is not there": (bed) => bed.offer(4),
  "an index that ran ahead": (bed) => bed.offer(0, 5),
  "descriptors that loop": (bed) => bed.descriptor(at(0), 0x5000, 16, NEXT, 0),
  "a next descriptor that is not there": (bed) => bed.descriptor(at(0), 0x5000, 16, NEXT, 9),
  "a buffer to read behind one to write": (bed) => {
    bed.descriptor(at(0), 0x5000, 16, NEXT | WRITE, 1);
    bed.descriptor(at(1), 0x5000, 16, 0, 0);
  },
  "an address beyond everything": (bed) => bed.descriptor(at(0), 2 ** 60, 16, 0, 0),
  "more than 4 GiB": (bed) => {
    bed.descriptor(at(0), 0, 0xffffffff, NEXT, 1);
    bed.descriptor(at(1), 0, 0xffffffff, 0, 0);
  },
  "an indirect table with a next descriptor": (bed) => bed.descriptor(at(0), TABLE, 16, INDIRECT | NEXT, 1),
  "an empty indirect table": (bed) => bed.descriptor(at(0), TABLE, 0, INDIRECT, 0),
  "an indirect table with a half descriptor": (bed) => bed.descriptor(at(0), TABLE, 24, INDIRECT, 0),
  "an indirect table beyond storage": (bed) => bed.descriptor(at(0), 0xffff8, 32, INDIRECT, 0),
  "a huge indirect table": (bed) => bed.descriptor(at(0), TABLE, 0xfffffff0, INDIRECT, 0),
  "an indirect table that loops": (bed) => {
    bed.descriptor(at(0), TABLE, 32, INDIRECT, 0);
    bed.descriptor(table(0), 0x5000, 1, NEXT, 1);
    bed.descriptor(table(1), 0x5000, 1, NEXT, 0);
  },
  "an indirect table that leads out of itself": (bed) => {
    bed.descriptor(at(0), TABLE, 32, INDIRECT, 0);
    bed.descriptor(table(0), 0x5000, 1, NEXT, 2);
  },
  "an indirect table in an indirect table": (bed) => {
    bed.descriptor(at(0), TABLE, 16, INDIRECT, 0);
    bed.descriptor(table(0), TABLE, 16, INDIRECT, 0);
  },
};

test.for(Object.entries(malformedSplit))("a split ring with %s is refused", ([, spoil]) => {
  const bed = new Bed();
  bed.descriptor(at(0), 0x5000, 16, 0, 0);
  bed.offer(0);
  spoil(bed);
  expect(() => bed.split().next()).toThrow(MalformedRing);
});

test("indirect tables are refused unless they were agreed on", () => {
  const bed = new Bed();
  bed.descriptor(at(0), TABLE, 16, INDIRECT, 0);
  bed.descriptor(table(0), 0x5000, 7, 0, 0);
  bed.offer(0);
  expect(() => bed.split(0n).next()).toThrow(MalformedRing);
  expect(bed.split().next()?.readable).toEqual([{ address: 0x5000, length: 7 }]);
});

const [AVAILABLE, USED] = [0x80, 0x8000];
const malformedPacked: Readonly<Record<string, (bed: Bed) => void>> = {
  "descriptors all round": (bed) => {
    for (const index of [0, 1, 2, 3]) bed.descriptor(at(index), 0x5000, 1, 0, AVAILABLE | NEXT);
  },
  "an indirect table in a list": (bed) => {
    bed.descriptor(at(0), 0x5000, 1, 0, AVAILABLE | NEXT);
    bed.descriptor(at(1), TABLE, 16, 0, AVAILABLE | INDIRECT);
  },
  "an indirect table with a half descriptor": (bed) =>
    bed.descriptor(at(0), TABLE, 8, 0, AVAILABLE | INDIRECT),
  "a buffer to read behind one to write": (bed) => {
    bed.descriptor(at(0), 0x5000, 1, 0, AVAILABLE | NEXT | WRITE);
    bed.descriptor(at(1), 0x5000, 1, 0, AVAILABLE);
  },
};

test.for(Object.entries(malformedPacked))("a packed ring with %s is refused", ([, spoil]) => {
  const bed = new Bed();
  spoil(bed);
  expect(() => bed.packed().next()).toThrow(MalformedRing);
});

test("an empty ring asks for a notification of the next request", () => {
  const bed = new Bed();
  expect(bed.split().next()).toBeUndefined();
  bed.descriptor(at(0), 0x5000, 1, 0, AVAILABLE | USED);
  expect(bed.packed().next()).toBeUndefined();
  expect(bed.storage.fetch32(layout.device)).toBe(0x00800200); // descriptor 0 of the first round, by descriptor
});

test("a driver is told unless it asked not to be, or of another place", () => {
  const bed = new Bed();
  const told = (ring: Ring) => {
    ring.put({ readable: [], writable: [], token: 0, slots: 1 }, 0);
    return ring.signals();
  };
  const plain = bed.split(0n);
  expect([told(plain), plain.signals()]).toEqual([true, false]);
  bed.memory.store(layout.driver, [2, 1]);
  expect(told(plain)).toBe(false);
  const byIndex = bed.split();
  bed.memory.store(layout.driver + 4 + 8, [2, 2]);
  expect([told(byIndex), told(byIndex), told(byIndex), told(byIndex)]).toEqual([false, false, true, false]);
  const packed = bed.packed();
  bed.memory.store(layout.driver, [2, 0x8002], [2, 2]);
  expect([told(packed), told(packed), told(packed), told(packed)]).toEqual([false, false, true, false]);
  bed.memory.store(layout.driver, [2, 0x0000], [2, 2]); // the first of the second round
  expect([told(packed), told(packed)]).toEqual([true, false]);
  bed.memory.store(layout.driver, [2, 0], [2, 1]);
  expect(told(packed)).toBe(false);
  bed.memory.store(layout.driver, [2, 0], [2, 0]);
  expect(told(packed)).toBe(true);
});

test("an index has passed an event on the way between two others, also across zero", () => {
  expect([passed(5, 6, 5), passed(5, 5, 4), passed(5, 6, 6), passed(0xffff, 2, 0xfffe)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test("whatever stands in a ring, it gives requests or is refused, and ends", () => {
  const byte = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(byte, byte, fc.boolean(), (descriptors, driver, packed) => {
      const bed = new Bed();
      bed.storage.storeBytes(layout.descriptors, descriptors);
      bed.storage.storeBytes(layout.driver, driver);
      const ring = packed ? bed.packed() : bed.split();
      try {
        for (let i = 0; i < 20; i++) {
          const request = ring.next();
          if (request === undefined) return;
          ring.put(request, 0);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedRing);
      }
    }),
    { numRuns: 300 },
  );
});
