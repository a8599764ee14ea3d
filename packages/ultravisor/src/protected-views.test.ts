import { describe, expect, test } from "vitest";
import { AddressingError, PAGE_SIZE, PageState, type HostView } from "@lockframe/memory";
import { startGuest } from "../test/running-guest.ts";
import { component, createStorage, text } from "../test/sealed-image.ts";
import { GuestStopError, Ultravisor } from "./index.ts";

const CANARY = "canary-7f3a91";
const AT = 0x40ff8; // crosses a page boundary
const holds = (bytes: Uint8Array, what: string) => Buffer.from(bytes).includes(what);

/** Everything the host can get: by pages, at once, and byte by byte around the canary. */
function everything(host: HostView): Uint8Array {
  const byPage: Uint8Array[] = [];
  for (let at = 0; at < host.size; at += PAGE_SIZE) byPage.push(host.read(at, PAGE_SIZE));
  const byByte = Array.from({ length: 64 }, (_, i) => host.read(AT - 16 + i, 1));
  return Buffer.concat([...byPage, host.read(0, host.size), ...byByte]);
}

describe("the host never sees what a protected guest has", () => {
  test("in its image, in what it stored, after pages came and went", () => {
    const { guest, host, ultravisor } = startGuest([component(0x16000, 2, 1n, `image ${CANARY}`)]);
    guest.write(AT, text(CANARY));
    expect(holds(everything(host), CANARY)).toBe(false);
    expect(holds(guest.read(0, guest.size), CANARY)).toBe(true);
    expect(holds(everything(host), CANARY)).toBe(false);
    ultravisor.destroy();
    expect(holds(everything(host), CANARY)).toBe(false);
    expect(everything(host).every((byte) => byte === 0)).toBe(true);
  });

  test("and the same look finds it when the guest is not protected", () => {
    const ultravisor = new Ultravisor({ storage: createStorage(), hostKeys: [] });
    ultravisor.guestView.write(AT, text(CANARY));
    expect(holds(everything(ultravisor.hostView), CANARY)).toBe(true);
  });

  test("except in pages that the guest shares", () => {
    const { guest, host, configuration } = startGuest();
    guest.write(0x50000, text(CANARY));
    expect(configuration.share(0x50000n).rc).toBe(1);
    expect(holds(host.read(0x50000, PAGE_SIZE), CANARY)).toBe(true);
    host.write(0x50100, text("from the host"));
    expect(holds(guest.read(0x50000, PAGE_SIZE), "from the host")).toBe(true);
    configuration.unshare(0x50000n);
    expect(holds(everything(host), CANARY)).toBe(false);
  });
});

describe("a page that the host touched", () => {
  test("by reading is exported, and comes back by itself", () => {
    const { storage, guest, host, configuration } = startGuest();
    guest.write(0x30000, text("mine"));
    const told: number[] = [];
    storage.onOwnershipChange((first) => told.push(first));
    const cipher = host.read(0x30000, 4);
    expect(Buffer.compare(host.read(0x30000, 4), cipher)).toBe(0);
    expect(storage.getPageState(0x30)).toBe(PageState.exported);
    expect(storage.importPage(0x30)).toBe(true);
    expect(storage.getPageState(0x30)).toBe(PageState.secure);
    expect(holds(guest.read(0x30000, 4), "mine")).toBe(true);
    expect(told).toEqual([0x30]);
    expect(configuration.state).toBe("running");
  });

  const tampering: readonly (readonly [string, (host: HostView) => void])[] = [
    [
      "changed after export",
      (host) => host.write(0x30010, Uint8Array.of((host.read(0x30010, 1)[0] ?? 0) ^ 1)),
    ],
    ["written without a look", (host) => host.write(0x30800, new Uint8Array(8))],
    ["replaced by another page", (host) => host.write(0x30000, host.read(0x31000, PAGE_SIZE))],
    ["cleared", (host) => host.write(0x30000, new Uint8Array(PAGE_SIZE))],
  ];
  test.each(tampering)("and %s stops the guest", (_, tamper) => {
    const { storage, guest, host, configuration, stops } = startGuest();
    guest.write(0x30000, text("mine"));
    guest.write(0x31000, text("also mine"));
    tamper(host);
    expect(storage.importPage(0x30)).toBe(false);
    expect(stops).toMatchObject([{ code: "LF-UV-010", reason: "integrity", address: 0x30000 }]);
    expect(configuration.state).toBe("failed");
    expect(() => guest.read(0x30000, 1)).toThrow(GuestStopError);
    expect(storage.importPage(0x31)).toBe(false); // nothing comes back to a stopped guest
    expect(stops).toHaveLength(1);
    expect(configuration.start()).toBeUndefined();
    expect(holds(everything(host), "mine")).toBe(false);
  });

  test("and rolled back stops the guest", () => {
    const { storage, guest, host, stops } = startGuest();
    guest.write(0x30000, text("balance 100"));
    const old = host.read(0x30000, PAGE_SIZE);
    guest.write(0x30000, text("balance 0  "));
    host.read(0x30000, 1);
    host.write(0x30000, old);
    expect(storage.importPage(0x30)).toBe(false);
    expect(stops[0]?.reason).toBe("integrity");
  });

  test("put back exactly as it was is accepted", () => {
    const { storage, guest, host } = startGuest();
    guest.write(0x30000, text("mine"));
    const cipher = host.read(0x30000, PAGE_SIZE);
    host.write(0x30000, new Uint8Array(PAGE_SIZE));
    host.write(0x30000, cipher);
    expect(storage.importPage(0x30)).toBe(true);
    expect(holds(guest.read(0x30000, 4), "mine")).toBe(true);
  });
});

test("a transfer is direct only where host and guest see the same", () => {
  const { host, configuration } = startGuest();
  expect(host.isDirect(0x50000, 1)).toBe(false);
  configuration.share(0x50000n);
  configuration.share(0x51000n);
  expect(host.isDirect(0x50000, 0x2000)).toBe(true);
  expect(host.isDirect(0x50fff, 0x1002)).toBe(false);
  expect(host.isDirect(host.size, 1)).toBe(false);
  const plain = new Ultravisor({ storage: createStorage(), hostKeys: [] }).hostView;
  expect(plain.isDirect(0, plain.size)).toBe(true);
  expect(plain.isDirect(1, plain.size)).toBe(false);
});

describe("a page outside the image", () => {
  const leftBehind = "left behind";
  function startOver() {
    const started = startGuest([component(0x16000, 1, 1n)], undefined, (storage) =>
      storage.storeBytes(0x60000, text(leftBehind)),
    );
    expect(started.storage.getPageState(0x60)).toBe(PageState.blank);
    return started;
  }

  test("is zero when its guest first uses it", () => {
    const { storage, guest } = startOver();
    expect(storage.importPage(0x60)).toBe(true);
    expect(storage.getPageState(0x60)).toBe(PageState.secure);
    expect(holds(guest.read(0x60000, PAGE_SIZE), leftBehind)).toBe(false);
  });

  test("is zero for the host, and for its guest whatever the host writes", () => {
    const { storage, guest, host } = startOver();
    expect(host.read(0x60000, PAGE_SIZE).some((byte) => byte !== 0)).toBe(false);
    host.write(0x60000, text("from the host"));
    expect(storage.getPageState(0x60)).toBe(PageState.blank);
    expect(host.isDirect(0x60000, 1)).toBe(false);
    expect(guest.read(0x60000, PAGE_SIZE).some((byte) => byte !== 0)).toBe(false);
    guest.write(0x60000, text(CANARY));
    expect(holds(host.read(0x60000, PAGE_SIZE), CANARY)).toBe(false);
  });

  test("is zero when it is shared first", () => {
    const { host, configuration } = startOver();
    configuration.share(0x60000n);
    expect(host.read(0x60000, PAGE_SIZE).some((byte) => byte !== 0)).toBe(false);
  });
});

test("beyond storage nothing changes", () => {
  const { storage, host, guest } = startGuest();
  const end = storage.size;
  for (const view of [host, guest]) {
    expect(() => view.read(end - 8, 16)).toThrow(AddressingError);
    expect(() => view.write(end - 8, new Uint8Array(16))).toThrow(AddressingError);
  }
  expect(storage.getPageState(storage.pageCount - 1)).toBe(PageState.blank);
});
