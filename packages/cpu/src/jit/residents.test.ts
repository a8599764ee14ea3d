import { describe, expect, it } from "vitest";
import { Residents } from "./residents.ts";

const residents = (count: number, room = { modules: 8, regions: 100 }) => {
  const result = new Residents<number>(room);
  for (let n = 0; n < count; n++) result.add(n);
  return result;
};

describe("modules that are kept", () => {
  it("retires the oldest when three quarters of the room are taken, a quarter of all at most", () => {
    expect(residents(6).retire(0)).toBeUndefined();
    const full = residents(7);
    expect([full.retire(0), full.retire(0), full.retire(0)]).toEqual([0, 1, undefined]);
    expect(full.size).toBe(7);
  });

  it("retires for want of room for regions, too", () => {
    expect(residents(2).retire(75)).toBeUndefined();
    expect(residents(2).retire(76)).toBe(0);
  });

  it("evicts when it is full, retired ones first; those that were used again are young", () => {
    const full = residents(8);
    expect(residents(7).evict(100)).toBeUndefined();
    expect(residents(7).evict(101)).toBe(0);
    expect([full.retire(0), full.retire(0)]).toEqual([0, 1]);
    expect(full.use(0)).toBe(true);
    expect(full.use(5)).toBe(false);
    expect(full.evict(0)).toBe(1);
    full.delete(1);
    expect(full.evict(0)).toBeUndefined();
    full.add(8);
    expect(full.evict(0)).toBe(2);
  });
});
