import { describe, expect, test } from "vitest";
import { PAGE_SIZE, PageState } from "@lockframe/memory";
import { hostKey, startGuest } from "../test/running-guest.ts";
import { blockFor, component, createStorage, HEADER_AT, load, seal, text } from "../test/sealed-image.ts";
import { SecureConfiguration, Ultravisor, type ConfigurationState } from "./index.ts";

const image = seal({ components: [component(0x16000, 2, 9n, "image")], hostKey });
const headerLength = image.header.length;

/** The calls that lead from one state to the next. */
const path: readonly [ConfigurationState, (configuration: SecureConfiguration) => unknown][] = [
  ["created", () => undefined],
  ["parameters-set", (configuration) => configuration.setParameters(HEADER_AT, headerLength)],
  ["unpacking", (configuration) => configuration.unpack(0x16000, 2, 9n, 0)],
  ["verified", (configuration) => configuration.verify()],
  ["running", (configuration) => configuration.start()],
  ["reset", (configuration) => configuration.prepareReset()],
];
const states = [...path.map(([state]) => state), "failed", "destroyed"] as const;

function inState(wanted: ConfigurationState) {
  const storage = createStorage();
  load(storage, image);
  const configuration = new SecureConfiguration(storage, { hostKeys: [hostKey] }, () => {});
  if (wanted === "destroyed") configuration.destroy();
  for (const [state, call] of path) {
    if (configuration.state === wanted) break;
    if (wanted === "failed" && state === "unpacking") storage.store8(0x16000, 1 ^ storage.fetch8(0x16000));
    call(configuration);
  }
  expect(configuration.state).toBe(wanted);
  return { storage, configuration };
}

describe("a call in a state that does not allow it is rc 0x03", () => {
  const calls: Record<
    string,
    { allowed: readonly ConfigurationState[]; call: (c: SecureConfiguration) => { rc: number } }
  > = {
    "SET SECURE CONFIGURATION PARAMETERS": {
      allowed: ["created"],
      call: (c) => c.setParameters(HEADER_AT, headerLength),
    },
    "UNPACK IMAGE": {
      allowed: ["parameters-set", "unpacking"],
      call: (c) => c.unpack(0x30000, 1, 9n, 0x2000),
    },
    "VERIFY IMAGE": { allowed: ["unpacking"], call: (c) => c.verify() },
    "SET SHARED ACCESS": { allowed: ["verified", "running", "reset"], call: (c) => c.share(0x16000n) },
    "REMOVE SHARED ACCESS": { allowed: ["verified", "running", "reset"], call: (c) => c.unshare(0x16000n) },
    "SET UNSHARE ALL": { allowed: ["running"], call: (c) => c.unshareAll() },
    "PREPARE FOR RESET": { allowed: ["running"], call: (c) => c.prepareReset() },
    "CONVERT TO SECURE STORAGE": {
      allowed: ["verified", "running", "reset"],
      call: (c) => c.convertToSecure(0x16),
    },
    "DESTROY SECURE CONFIGURATION": {
      allowed: states.filter((state) => state !== "destroyed"),
      call: (c) => c.destroy(),
    },
  };
  const table = Object.entries(calls).flatMap(([name, { allowed, call }]) =>
    states.map((state) => ({ name, state, call, rc: allowed.includes(state) ? 0x01 : 0x03 })),
  );
  test.each(table)("$name in state $state: rc $rc", ({ state, call, rc }) => {
    const { storage, configuration } = inState(state);
    const before = storage.fetch(0, storage.size);
    expect(call(configuration).rc).toBe(rc);
    if (rc !== 0x03) return;
    expect(configuration.state).toBe(state);
    expect(Buffer.compare(storage.fetch(0, storage.size), before)).toBe(0);
  });

  test.each(states.filter((state) => state !== "verified" && state !== "reset"))(
    "no start from %s",
    (state) => {
      expect(inState(state).configuration.start()).toBeUndefined();
    },
  );
});

describe("unpacking", () => {
  test("page by page gives the same guest as all at once", () => {
    const { storage, configuration } = inState("parameters-set");
    expect(configuration.unpack(0x16000, 1, 9n, 0).rc).toBe(1);
    expect(configuration.unpack(0x17000, 1, 9n, 0x1000).rc).toBe(1);
    expect(configuration.verify().rc).toBe(1);
    expect(storage.fetch8(0x16000)).toBe(0x69);
  });

  test.each([
    ["beyond storage", 0xff000, 2, 0x10a],
    ["far beyond storage", 2 ** 52, 1, 0x10a],
    ["not a page address", 0x16800, 1, 0x105],
    ["a page that is owned already", 0x17000, 1, 0x105],
  ])("%s is refused and changes nothing", (_, address, count, rc) => {
    const { storage, configuration } = inState("parameters-set");
    configuration.unpack(0x16000, 2, 9n, 0);
    const before = storage.fetch(0, storage.size);
    expect(configuration.unpack(address, count, 10n, 0).rc).toBe(rc);
    expect(Buffer.compare(storage.fetch(0, storage.size), before)).toBe(0);
    expect(configuration.verify().rc).toBe(1);
  });

  test("the host cannot see an unpacked page before the guest runs", () => {
    const storage = createStorage();
    load(storage, image);
    const ultravisor = new Ultravisor({ storage, hostKeys: [hostKey] });
    let seen = new Uint8Array();
    ultravisor.startProtected(blockFor(image), () => (seen = ultravisor.hostView.read(0x16000, PAGE_SIZE)));
    expect(seen.length).toBe(PAGE_SIZE);
    expect(Buffer.from(seen).includes("image")).toBe(false);
    expect(Buffer.from(ultravisor.guestView.read(0x16000, 5)).toString()).toBe("image");
  });
});

describe("sharing", () => {
  test("keeps the content; taking back clears what both could write", () => {
    const { storage, guest, configuration } = startGuest();
    guest.write(0x30000, text("kept"));
    expect(configuration.share(0x30000n)).toEqual({ rc: 1, rrc: 0 });
    expect(storage.getPageState(0x30)).toBe(PageState.shared);
    expect(Buffer.from(guest.read(0x30000, 4)).toString()).toBe("kept");
    expect(configuration.unshare(0x30000n)).toEqual({ rc: 1, rrc: 0 });
    expect(storage.getPageState(0x30)).toBe(PageState.secure);
    expect(storage.isZeroPage(0x30)).toBe(true);
  });

  test("twice, or taking back what is not shared, succeeds and changes nothing", () => {
    const { storage, guest, configuration } = startGuest();
    guest.write(0x30000, text("kept"));
    expect(configuration.unshare(0x30000n).rc).toBe(1);
    expect(Buffer.from(guest.read(0x30000, 4)).toString()).toBe("kept");
    configuration.share(0x30000n);
    expect(configuration.share(0x30000n).rc).toBe(1);
    expect(Buffer.from(guest.read(0x30000, 4)).toString()).toBe("kept");
    expect(storage.getPageState(0x30)).toBe(PageState.shared);
  });

  test.each([0x100000n, 0xffff_ffff_ffff_f000n, 0x30001n])("of 0x%s is rc 0x101", (address) => {
    const { configuration } = startGuest();
    expect(configuration.share(address)).toEqual({ rc: 0x101, rrc: 0 });
    expect(configuration.unshare(address)).toEqual({ rc: 0x101, rrc: 0 });
  });

  test("a page that is exported is brought in first, and never shared as ciphertext", () => {
    const { guest, host, configuration } = startGuest();
    guest.write(0x30000, text("kept"));
    host.read(0x30000, 1);
    configuration.share(0x30000n);
    expect(Buffer.from(host.read(0x30000, 4)).toString()).toBe("kept");
  });

  test("a shared page that the host withdraws stays readable to it, and comes back shared", () => {
    const { storage, guest, host, configuration } = startGuest();
    configuration.share(0x30000n);
    guest.write(0x30000, text("both"));
    configuration.convertFromSecure(0x30);
    expect(storage.getPageState(0x30)).toBe(PageState.unavailable);
    expect(Buffer.from(host.read(0x30000, 4)).toString()).toBe("both");
    expect(Buffer.from(guest.read(0x30000, 4)).toString()).toBe("both");
    expect(storage.getPageState(0x30)).toBe(PageState.shared);
  });
});

describe("a reset", () => {
  test("keeps private storage, clears shared pages, starts at the short PSW at 0", () => {
    const { storage, ultravisor, guest, host, configuration } = startGuest();
    guest.write(0, Uint8Array.of(0x00, 0x0a, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00));
    guest.write(0x30000, text("private"));
    configuration.share(0x40000n);
    configuration.share(0x41000n);
    configuration.convertFromSecure(0x41);
    host.write(0x40000, text("host"));
    host.read(0, 8); // the PSW is out when it is wanted
    expect(ultravisor.prepareReset()).toEqual({ rc: 1, rrc: 0 });
    expect(ultravisor.restart()).toEqual({ mask: 0x0002_0000_8000_0000n, address: 0x10000n });
    expect(configuration.state).toBe("running");
    expect(Buffer.from(guest.read(0x30000, 7)).toString()).toBe("private");
    for (const page of [0x40, 0x41]) {
      expect(storage.getPageState(page)).toBe(PageState.secure);
      expect(storage.isZeroPage(page)).toBe(true);
    }
    expect(ultravisor.restart()).toBeUndefined();
  });

  test("cannot restart from a page that was changed outside", () => {
    const { ultravisor, guest, host, stops } = startGuest();
    guest.write(0, Uint8Array.of(0x00, 0x0a, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00));
    ultravisor.prepareReset();
    host.write(0, Uint8Array.of((host.read(0, 1)[0] ?? 0) ^ 1));
    expect(ultravisor.restart()).toBeUndefined();
    expect(stops[0]?.code).toBe("LF-UV-010");
  });

  test("needs a protected guest", () => {
    const ultravisor = new Ultravisor({ storage: createStorage(), hostKeys: [] });
    expect(ultravisor.prepareReset().rc).toBe(0x03);
    expect(ultravisor.restart()).toBeUndefined();
  });
});

test("after destroy nothing of the guest is left, and storage is ordinary again", () => {
  const { storage, ultravisor, guest, host, configuration } = startGuest();
  guest.write(0x30000, text("secret"));
  guest.write(0x31000, text("exported secret"));
  host.read(0x31000, 1);
  configuration.share(0x32000n);
  guest.write(0x32000, text("shared"));
  ultravisor.destroy();
  expect(storage.fetch(0, storage.size).every((byte) => byte === 0)).toBe(true);
  for (let page = 0; page < storage.pageCount; page++)
    expect(storage.getPageState(page)).toBe(PageState.normal);
  expect(configuration.state).toBe("destroyed");
  expect(configuration.destroy().rc).toBe(0x03);
  expect(storage.importPage(0)).toBe(false);
  ultravisor.guestView.write(0, text("plain again"));
  expect(Buffer.from(ultravisor.hostView.read(0, 5)).toString()).toBe("plain");
});
