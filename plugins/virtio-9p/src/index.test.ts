import { describeDevice, FakeFolders, VirtioBench } from "@lockframe/testkit/testing";
import { expect, test, vi } from "vitest";
import plugin from "./index.ts";
import { errno } from "./linux.ts";
import { HEADER, MessageReader, messageType, MessageWriter } from "./message.ts";

const [definition] = plugin.devices;
if (definition === undefined) throw new Error("the plugin has no device");
const config = { fsdev: { path: "shared" }, mount_tag: "box" };
describeDevice(definition, { config });

type Fields = (writer: MessageWriter) => MessageWriter;

/** A client of the device, with the folder that the device serves. */
class Client {
  readonly folders = new FakeFolders();
  readonly bench: VirtioBench;
  readonly queue;
  readonly dispose;

  constructor() {
    const device = definition?.instantiate(config, { folders: this.folders });
    if (device?.virtio === undefined) throw new Error("it is no virtio device");
    this.bench = new VirtioBench(device.virtio.function);
    this.dispose = device.dispose;
    [this.queue] = this.bench.start();
  }

  /** Send a request; the reply's type and the rest of it. */
  ask(type: number, fields: Fields, room = 9000): { type: number; reply: MessageReader; length: number } {
    const message = fields(new MessageWriter()).finish(type, 5);
    return this.send(message, room);
  }
  send(message: Uint8Array, room = 9000) {
    const used = this.queue?.request([message], [room], true);
    const bytes = used?.bytes.subarray(0, used.length) ?? new Uint8Array();
    const reply = new MessageReader(bytes);
    if (bytes.length < HEADER) return { type: -1, reply, length: bytes.length };
    reply.u32();
    const type = reply.u8();
    reply.u16();
    return { type, reply, length: bytes.length };
  }
  /** A request that must succeed. */
  do(type: number, fields: Fields): MessageReader {
    const answered = this.ask(type, fields);
    if (answered.type !== type + 1)
      throw new Error(`answered with ${answered.type}: ${answered.reply.u32()}`);
    return answered.reply;
  }
  /** The error of a request that must fail. */
  error(type: number, fields: Fields): number {
    const answered = this.ask(type, fields);
    expect(answered.type).toBe(messageType.error + 1);
    return answered.reply.u32();
  }
  begin(): this {
    this.do(messageType.version, (to) => to.u32(8192).text("9P2000.L"));
    this.do(messageType.attach, (to) => to.u32(0).u32(0xffffffff).text("root").text("").u32(1000));
    return this;
  }
  walk(from: number, to: number, ...names: readonly string[]): number {
    const reply = this.do(messageType.walk, (out) => {
      out.u32(from).u32(to).u16(names.length);
      for (const name of names) out.text(name);
      return out;
    });
    return reply.u16();
  }
}

test("the guest sees the tag, and a version that both speak", () => {
  const client = new Client();
  expect(Buffer.from(client.bench.read(0x22, 5))).toEqual(Buffer.from("\x03\0box"));
  const agreed = client.do(messageType.version, (to) => to.u32(2 ** 30).text("9P2000.L"));
  expect([agreed.u32() <= 2 ** 20, agreed.text()]).toEqual([true, "9P2000.L"]);
  const other = client.do(messageType.version, (to) => to.u32(8192).text("9P2000.u"));
  expect([other.u32(), other.text()]).toEqual([8192, "unknown"]);
  expect(client.error(messageType.version, (to) => to.u32(100).text("9P2000.L"))).toBe(errno.EPROTO);
});

test("a file is made, written, read, looked at, renamed and removed", () => {
  const client = new Client().begin();
  const { root } = client.folders;
  client.walk(0, 1);
  client.do(messageType.create, (to) => to.u32(1).text("f").u32(2).u32(0o640).u32(7));
  expect(client.do(messageType.write, (to) => to.u32(1).u64(2).u32(5).data(Buffer.from("hello"))).u32()).toBe(
    5,
  );
  const reply = client.do(messageType.read, (to) => to.u32(1).u64(0).u32(100));
  expect(Buffer.from(reply.bytes(reply.u32())).toString()).toBe("\0\0hello");
  const file = root.children.get("f");
  expect([file?.mode, file?.owner, file?.group]).toEqual([0o640, 1000, 7]);
  const attributes = client.do(messageType.getAttributes, (to) => to.u32(1).u64(0x7ff));
  expect(attributes.u64()).toBe(0x7ffn);
  attributes.bytes(13);
  expect([attributes.u32(), attributes.u32(), attributes.u32()]).toEqual([0o100640, 1000, 7]);
  expect([attributes.u64(), attributes.u64(), attributes.u64()]).toEqual([1n, 0n, 7n]);
  client.do(messageType.setAttributes, (to) =>
    to
      .u32(1)
      .u32(0x1 | 0x8 | 0x20 | 0x100)
      .u32(0o600)
      .u32(0)
      .u32(0)
      .u64(3)
      .u64(0)
      .u64(0)
      .u64(77)
      .u64(0),
  );
  expect([file?.mode, file?.content.toString(), file?.times.modified]).toEqual([0o600, "\0\0h", 77]);
  client.do(messageType.renameAt, (to) => to.u32(0).text("f").u32(0).text("g"));
  client.do(messageType.remove, (to) => to.u32(1));
  expect([...root.children.keys()]).toEqual([]);
  expect(client.error(messageType.release, (to) => to.u32(1))).toBe(errno.EBADF);
});

test("a long file is read as far as a message holds it", () => {
  const client = new Client().begin();
  client.folders.root.put("f", "file", "long ".repeat(4000));
  client.walk(0, 1, "f");
  client.do(messageType.open, (to) => to.u32(1).u32(0));
  const reply = client.do(messageType.read, (to) => to.u32(1).u64(5).u32(100_000));
  const length = reply.u32();
  expect(length).toBe(8192 - HEADER - 4);
  expect(Buffer.from(reply.bytes(length)).toString()).toBe("long ".repeat(4000).slice(5, 5 + length));
});

test("a folder is read in parts, from where the client was", () => {
  const client = new Client().begin();
  for (let i = 0; i < 40; i++) client.folders.root.put(`name-${i}`, i % 2 === 0 ? "file" : "folder");
  client.walk(0, 1);
  client.do(messageType.open, (to) => to.u32(1).u32(0));
  const names: string[] = [];
  for (let offset = 0n, more = true; more;) {
    const reply = client.do(messageType.readFolder, (to) => to.u32(1).u64(offset).u32(200));
    const length = reply.u32();
    const listed = new MessageReader(reply.bytes(length));
    more = length > 0;
    for (let left = length; left > 0; left -= 24 + (names.at(-1)?.length ?? 0)) {
      listed.bytes(13);
      offset = listed.u64();
      listed.u8();
      names.push(listed.text());
    }
  }
  expect(names).toEqual([".", "..", ...client.folders.root.children.keys()]);
});

test("folders, links and other names", () => {
  const client = new Client().begin();
  const { root } = client.folders;
  client.do(messageType.makeFolder, (to) => to.u32(0).text("d").u32(0o755).u32(0));
  client.do(messageType.symbolicLink, (to) => to.u32(0).text("l").text("/etc/passwd").u32(0));
  root.put("f", "file", "x");
  expect(client.walk(0, 1, "l")).toBe(1);
  expect(client.do(messageType.readLink, (to) => to.u32(1)).text()).toBe("/etc/passwd");
  client.walk(0, 2, "f");
  client.do(messageType.link, (to) => to.u32(0).u32(2).text("f2"));
  client.walk(0, 3, "d");
  client.do(messageType.rename, (to) => to.u32(2).u32(3).text("inside"));
  client.do(messageType.unlinkAt, (to) => to.u32(0).text("l").u32(0));
  expect([...root.children.keys()].toSorted()).toEqual(["d", "f2"]);
  expect(root.children.get("d")?.children.has("inside")).toBe(true);
  const space = client.do(messageType.statfs, (to) => to.u32(0));
  space.u32();
  expect([space.u32(), space.u64(), space.u64()]).toEqual([4096, 100n, 50n]);
});

test("steps do not lead above the folder, and a walk that fails half way changes nothing", () => {
  const client = new Client().begin();
  const { root } = client.folders;
  root.put("d", "folder").put("e", "folder");
  root.put("l", "link", "..");
  expect(client.walk(0, 1, "..", "..", "d", "..", "d", "e")).toBe(6);
  expect(client.walk(0, 2, "d", "none")).toBe(1);
  expect(client.error(messageType.release, (to) => to.u32(2))).toBe(errno.EBADF);
  expect(client.walk(0, 2, "l", "x")).toBe(1); // a link is no folder, wherever it leads
  expect(client.error(messageType.walk, (to) => to.u32(0).u32(1).u16(0))).toBe(errno.EBADF); // it is taken
  expect(client.error(messageType.walk, (to) => to.u32(0).u32(9).u16(17))).toBe(errno.EINVAL);
});

test("what cannot be shared is refused by number", () => {
  const client = new Client().begin();
  const node: Fields = (to) => to.u32(0).text("p").u32(0o010644).u32(0).u32(0).u32(0);
  expect(client.error(messageType.makeNode, node)).toBe(errno.EOPNOTSUPP);
  expect(client.error(messageType.walkExtended, (to) => to.u32(0).u32(1).text("user.x"))).toBe(
    errno.EOPNOTSUPP,
  );
  expect(client.error(messageType.authenticate, (to) => to.u32(0))).toBe(errno.EOPNOTSUPP);
  expect(client.error(200, (to) => to)).toBe(errno.EOPNOTSUPP);
  expect(client.error(messageType.read, (to) => to.u32(0).u64(0).u32(5))).toBe(errno.EBADF);
});

test("a flush of a file is answered when it is done", async () => {
  const client = new Client().begin();
  client.folders.root.put("f", "file");
  client.walk(0, 1, "f");
  client.do(messageType.open, (to) => to.u32(1).u32(1));
  const message = new MessageWriter().u32(1).u32(0).finish(messageType.flushFile, 5);
  client.queue?.add([message], [100], true);
  client.queue?.notify();
  expect(client.queue?.used()).toBeUndefined();
  await vi.waitFor(() => expect(client.queue?.used()?.bytes[4]).toBe(messageType.flushFile + 1));
});

test("numbers are bounded, and everything is let go in the end", async () => {
  const client = new Client().begin();
  client.folders.root.put("f", "file");
  let error = 0;
  for (let fid = 1; error === 0 && fid < 10_000; fid++) {
    const { type, reply } = client.ask(messageType.walk, (to) => to.u32(0).u32(fid).u16(1).text("f"));
    if (type === messageType.error + 1) error = reply.u32();
  }
  expect(error).toBe(errno.EMFILE);
  client.bench.transport.reset();
  expect(client.folders.root.allHolds).toBe(1);
  await client.dispose?.();
  expect(client.folders.root.allHolds).toBe(0);
});

test("messages that lie, end early or have no room for an answer break nothing", () => {
  const client = new Client().begin();
  const lies = new MessageWriter().u32(0).finish(messageType.getAttributes, 1);
  lies[0] = 0xff;
  expect(client.send(lies)).toMatchObject({ type: messageType.error + 1 });
  expect(client.send(Uint8Array.of(1, 2, 3)).length).toBe(0);
  expect(client.send(new Uint8Array(600_000)).length).toBe(0);
  expect(client.ask(messageType.statfs, (to) => to.u32(0), 20).length).toBe(0);
  const huge = client.error(messageType.write, (to) => to.u32(0).u64(-1n).u32(0xffffffff));
  expect(huge).toBeGreaterThan(0);
});

test("no request makes it throw", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const client = new Client().begin();
  const { root } = client.folders;
  const kinds = ["file", "folder", "link"] as const;
  for (const [index, kind] of kinds.entries()) root.put(`${index}`, kind, "content");
  const words = ["0", "1", "2", "..", ".", "", "a/b", "\0"];
  const numbers = [0, 1, 2, 3, 0xffffffff];
  const types = Object.values(messageType);
  for (let round = 0; round < 4000; round++) {
    const { type } = client.ask(types[random(types.length)] ?? 0, (to) => {
      for (let count = random(8); count >= 0; count--) {
        const kind = random(4);
        if (kind === 0) to.text(words[random(words.length)] ?? "");
        else if (kind === 1) to.u16(random(5));
        else if (kind === 2) to.u32(numbers[random(numbers.length)] ?? 0);
        else to.u64(BigInt(random(3)) << BigInt(random(64)));
      }
      return to;
    });
    expect(type).toBeGreaterThan(0);
  }
});
