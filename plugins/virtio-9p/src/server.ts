/** A file server of 9P2000.L. Source: the 9p protocol as Linux's client speaks it (Documentation of diod, "protocol"). */
import type { EntryChange, EntryStatus, FolderEntry, NewEntry, OpenOptions } from "@lockframe/plugin-api";
import { Fid } from "./fid.ts";
import { attribute, errno, errorNumber, fileKind, NinePError, openFlag, REMOVE_FOLDER } from "./linux.ts";
import { HEADER, MalformedMessage, MessageReader, MessageWriter, messageType, type Qid } from "./message.ts";

const VERSION = "9P2000.L";
const SMALLEST_MESSAGE = 4096;
export const LARGEST_MESSAGE = 512 * 1024 + 4096;
const MOST_FIDS = 4096;
const MOST_NAMES = 16;
const NO_FID = 0xffff_ffff;
const NOBODY = 0xffff_ffff;
const READ_HEADER = HEADER + 4;
const FILE_SYSTEM = 0x01021997;
const LONGEST_NAME = 255;
/** Everything that a status has, but for generation and birth. */
const BASIC = 0x7ffn;
const qidType = { folder: 0x80, link: 0x02, file: 0 } as const;
const UNLOCKED = 2;

type Handler = (request: MessageReader, reply: MessageWriter) => void | Promise<void>;

/** What a device needs to answer requests. */
export class Server {
  readonly #root: FolderEntry;
  readonly #fids = new Map<number, Fid>();
  #largest = LARGEST_MESSAGE;
  readonly #handlers: ReadonlyMap<number, Handler>;

  constructor(root: FolderEntry) {
    this.#root = root;
    this.#handlers = this.#handlerTable();
  }

  /** Forget the client. */
  reset(): void {
    for (const fid of this.#fids.values()) fid.close();
    this.#fids.clear();
    this.#largest = LARGEST_MESSAGE;
  }

  /** Numbers of the client that stand for something. */
  get fids(): number {
    return this.#fids.size;
  }

  /** Answer a request. @throws what is neither the client's nor the host's doing */
  answer(message: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const request = new MessageReader(message);
    const reply = new MessageWriter();
    let tag = 0xffff;
    try {
      const length = request.u32();
      const type = request.u8();
      tag = request.u16();
      if (length > message.length || length > this.#largest) throw new NinePError(errno.EPROTO);
      const handler = this.#handlers.get(type);
      if (handler === undefined) throw new NinePError(errno.EOPNOTSUPP);
      const later = handler(request, reply);
      if (later === undefined) return reply.finish(type + 1, tag);
      return later.then(
        () => reply.finish(type + 1, tag),
        (error: unknown) => failed(error, tag),
      );
    } catch (error) {
      return failed(error, tag);
    }
  }

  #handlerTable(): ReadonlyMap<number, Handler> {
    const unsupported: Handler = () => {
      throw new NinePError(errno.EOPNOTSUPP);
    };
    return new Map<number, Handler>([
      [messageType.version, (request, reply) => this.#version(request, reply)],
      [messageType.authenticate, unsupported],
      [messageType.attach, (request, reply) => this.#attach(request, reply)],
      [messageType.flush, () => undefined], // requests are done in order
      [messageType.walk, (request, reply) => this.#walk(request, reply)],
      [messageType.release, (request) => this.#release(request.u32())],
      [messageType.open, (request, reply) => this.#open(request, reply)],
      [messageType.create, (request, reply) => this.#create(request, reply)],
      [messageType.read, (request, reply) => this.#read(request, reply)],
      [messageType.write, (request, reply) => this.#write(request, reply)],
      [messageType.flushFile, (request) => this.#file(this.#fid(request.u32())).flush()],
      [messageType.readFolder, (request, reply) => this.#readFolder(request, reply)],
      [messageType.getAttributes, (request, reply) => this.#getAttributes(request, reply)],
      [messageType.setAttributes, (request) => this.#setAttributes(request)],
      [messageType.statfs, (request, reply) => this.#space(request, reply)],
      [messageType.makeFolder, (request, reply) => this.#makeFolder(request, reply)],
      [messageType.symbolicLink, (request, reply) => this.#makeLink(request, reply)],
      [
        messageType.readLink,
        (request, reply) => void reply.text(this.#fid(request.u32()).entry.linkTarget()),
      ],
      [messageType.link, (request) => this.#link(request)],
      [messageType.rename, (request) => this.#rename(request)],
      [messageType.renameAt, (request) => this.#renameAt(request)],
      [messageType.unlinkAt, (request) => this.#unlinkAt(request)],
      [messageType.remove, (request) => this.#remove(request)],
      [messageType.lock, (request, reply) => this.#lock(request, reply)],
      [messageType.getLock, (request, reply) => this.#getLock(request, reply)],
      [messageType.makeNode, unsupported], // pipes and devices of a guest would be the host's
      [messageType.walkExtended, unsupported],
      [messageType.createExtended, unsupported],
    ]);
  }

  // --- the session ------------------------------------------------------------------------------------------

  #version(request: MessageReader, reply: MessageWriter): void {
    const largest = request.u32();
    const version = request.text();
    if (largest < SMALLEST_MESSAGE) throw new NinePError(errno.EPROTO);
    this.reset();
    this.#largest = Math.min(largest, LARGEST_MESSAGE);
    reply.u32(this.#largest).text(version === VERSION ? VERSION : "unknown");
  }

  #attach(request: MessageReader, reply: MessageWriter): void {
    const number = request.u32();
    request.u32();
    request.text();
    request.text();
    const user = request.u32();
    const fid = new Fid(this.#root.clone(), user === NOBODY ? 0 : user);
    this.#add(number, fid);
    reply.qid(qidOf(fid.entry.status()));
  }

  #add(number: number, fid: Fid): void {
    const taken = this.#fids.has(number) || number === NO_FID;
    if (taken || this.#fids.size >= MOST_FIDS) {
      fid.close();
      throw new NinePError(taken ? errno.EBADF : errno.EMFILE);
    }
    this.#fids.set(number, fid);
  }

  #fid(number: number): Fid {
    const fid = this.#fids.get(number);
    if (fid === undefined) throw new NinePError(errno.EBADF);
    return fid;
  }

  #file(fid: Fid): NonNullable<Fid["file"]> {
    if (fid.file === undefined) throw new NinePError(errno.EBADF);
    return fid.file;
  }

  #release(number: number): void {
    this.#fid(number).close();
    this.#fids.delete(number);
  }

  #walk(request: MessageReader, reply: MessageWriter): void {
    const from = this.#fid(request.u32());
    const [to, count] = [request.u32(), request.u16()];
    if (count > MOST_NAMES || from.file !== undefined) throw new NinePError(errno.EINVAL);
    const names = Array.from({ length: count }, () => request.text());
    const qids: Qid[] = [];
    let entry = from.entry.clone();
    try {
      for (const name of names) {
        const next = step(entry, name);
        entry.close();
        entry = next;
        qids.push(qidOf(entry.status()));
      }
    } catch (error) {
      entry.close();
      if (qids.length === 0) throw error;
      return writeQids(reply, qids); // as far as it goes; the new number stands for nothing
    }
    this.#put(to, from, new Fid(entry, from.user));
    writeQids(reply, qids);
  }

  /** Let a number stand for something else, or a new one for something. */
  #put(number: number, from: Fid, fid: Fid): void {
    if (this.#fids.get(number) === from) {
      this.#fids.delete(number);
      from.close();
    }
    this.#add(number, fid);
  }

  // --- files ------------------------------------------------------------------------------------------------

  #open(request: MessageReader, reply: MessageWriter): void {
    const fid = this.#fid(request.u32());
    const flags = request.u32();
    if (fid.file !== undefined) throw new NinePError(errno.EINVAL);
    if (fid.entry.kind !== "folder") fid.file = fid.entry.open(optionsOf(flags));
    else if (optionsOf(flags).write) throw new NinePError(errno.EINVAL);
    reply.qid(qidOf(fid.entry.status())).u32(this.#largest - READ_HEADER);
  }

  #create(request: MessageReader, reply: MessageWriter): void {
    const number = request.u32();
    const fid = this.#fid(number);
    const [name, flags, mode, group] = [request.text(), request.u32(), request.u32(), request.u32()];
    if (fid.file !== undefined) throw new NinePError(errno.EINVAL);
    const options = { ...optionsOf(flags), exclusive: (flags & openFlag.exclusive) !== 0 };
    const { entry, file } = fid.entry.create(name, { mode, owner: fid.user, group }, options);
    const created = new Fid(entry, fid.user);
    created.file = file;
    this.#put(number, fid, created);
    reply.qid(qidOf(entry.status())).u32(this.#largest - READ_HEADER);
  }

  #read(request: MessageReader, reply: MessageWriter): void {
    const file = this.#file(this.#fid(request.u32()));
    const [offset, count] = [request.offset(), request.u32()];
    const bytes = file.read(offset, Math.min(count, this.#largest - READ_HEADER));
    reply.u32(bytes.length).data(bytes);
  }

  #write(request: MessageReader, reply: MessageWriter): void {
    const file = this.#file(this.#fid(request.u32()));
    const [offset, count] = [request.offset(), request.u32()];
    file.write(offset, request.bytes(count));
    reply.u32(count);
  }

  #readFolder(request: MessageReader, reply: MessageWriter): void {
    const fid = this.#fid(request.u32());
    const [offset, count] = [request.offset(), request.u32()];
    if (offset === 0 || fid.listing === undefined) {
      const [own, above] = [fid.entry.status(), fid.entry.parent.status()];
      fid.listing = [{ name: ".", ...own }, { name: "..", ...above }, ...fid.entry.names()];
    }
    const names = new MessageWriter();
    const most = Math.min(count, this.#largest - READ_HEADER);
    for (let place = offset; place < fid.listing.length; place++) {
      const listed = fid.listing[place];
      if (listed === undefined || names.length + 24 + listed.name.length > most) break;
      const { name, mode } = listed;
      names.qid(qidOf({ ...listed, modified: 0n }));
      names
        .u64(place + 1)
        .u8(mode >> 12)
        .text(name);
    }
    const bytes = names.finish(0, 0).subarray(HEADER);
    reply.u32(bytes.length).data(bytes);
  }

  #lock(request: MessageReader, reply: MessageWriter): void {
    this.#fid(request.u32());
    reply.u8(0); // the guest's own kernel keeps its processes apart
  }

  #getLock(request: MessageReader, reply: MessageWriter): void {
    this.#fid(request.u32());
    request.u8();
    reply.u8(UNLOCKED).u64(request.u64()).u64(request.u64()).u32(request.u32()).text(request.text());
  }

  // --- attributes --------------------------------------------------------------------------------------------

  #getAttributes(request: MessageReader, reply: MessageWriter): void {
    const status = this.#fid(request.u32()).entry.status();
    reply.u64(BASIC).qid(qidOf(status)).u32(status.mode).u32(status.owner).u32(status.group);
    reply.u64(status.links).u64(0).u64(status.size).u64(status.blockSize).u64(status.blocks);
    for (const time of [status.accessed, status.modified, status.changed, 0n])
      reply.u64(time / 1_000_000_000n).u64(time % 1_000_000_000n);
    reply.u64(0).u64(0);
  }

  #setAttributes(request: MessageReader): void {
    const { entry } = this.#fid(request.u32());
    const valid = request.u32();
    const [mode, owner, group] = [request.u32(), request.u32(), request.u32()];
    const size = request.offset();
    const has = (bit: number): boolean => (valid & bit) !== 0;
    const [accessed, modified] = [timeIn(request), timeIn(request)];
    const now = Date.now() / 1000;
    const change: EntryChange = {
      ...(has(attribute.mode) && { mode }),
      ...(has(attribute.owner) && { owner }),
      ...(has(attribute.group) && { group }),
      ...(has(attribute.size) && { size }),
      ...(has(attribute.accessed) && { accessed: has(attribute.accessedSet) ? accessed : now }),
      ...(has(attribute.modified) && { modified: has(attribute.modifiedSet) ? modified : now }),
    };
    entry.change(change);
  }

  #space(request: MessageReader, reply: MessageWriter): void {
    const space = this.#fid(request.u32()).entry.space();
    reply.u32(FILE_SYSTEM).u32(space.blockSize);
    for (const value of [space.blocks, space.free, space.available, space.files, space.freeFiles])
      reply.u64(value);
    reply.u64(0).u32(LONGEST_NAME);
  }

  // --- names --------------------------------------------------------------------------------------------------

  #makeFolder(request: MessageReader, reply: MessageWriter): void {
    const fid = this.#fid(request.u32());
    const [name, mode, group] = [request.text(), request.u32(), request.u32()];
    give(reply, fid.entry.makeFolder(name, attributesOf(fid, mode, group)));
  }

  #makeLink(request: MessageReader, reply: MessageWriter): void {
    const fid = this.#fid(request.u32());
    const [name, target, group] = [request.text(), request.text(), request.u32()];
    give(reply, fid.entry.makeLink(name, target, attributesOf(fid, 0o777, group)));
  }

  #link(request: MessageReader): void {
    const [folder, entry] = [this.#fid(request.u32()).entry, this.#fid(request.u32()).entry];
    folder.addName(request.text(), entry);
  }

  #rename(request: MessageReader): void {
    const [entry, folder] = [this.#fid(request.u32()).entry, this.#fid(request.u32()).entry];
    entry.moveTo(folder, request.text());
  }

  #renameAt(request: MessageReader): void {
    const from = this.#fid(request.u32()).entry;
    const name = request.text();
    const to = this.#fid(request.u32()).entry;
    from.rename(name, to, request.text());
  }

  #unlinkAt(request: MessageReader): void {
    const { entry } = this.#fid(request.u32());
    const name = request.text();
    entry.remove(name, (request.u32() & REMOVE_FOLDER) === 0 ? "other" : "folder");
  }

  /** The number is given up whether or not it can be done. */
  #remove(request: MessageReader): void {
    const number = request.u32();
    const fid = this.#fid(number);
    try {
      fid.entry.removeSelf();
    } finally {
      this.#release(number);
    }
  }
}

/** @throws what is neither the client's nor the host's doing */
function failed(error: unknown, tag: number): Uint8Array {
  const number = error instanceof MalformedMessage ? errno.EINVAL : errorNumber(error);
  if (number === undefined) throw error;
  return new MessageWriter().u32(number).finish(messageType.error + 1, tag);
}

/** One step from an entry. Above the shared folder there is itself. */
function step(entry: FolderEntry, name: string): FolderEntry {
  if (entry.kind !== "folder") throw new NinePError(errno.ENOTDIR);
  if (name === "..") return entry.parent.clone();
  return name === "." ? entry.clone() : entry.child(name);
}

function optionsOf(flags: number): OpenOptions {
  const access = flags & openFlag.accessMask;
  return {
    read: access !== openFlag.writeOnly,
    write: access === openFlag.writeOnly || access === openFlag.readWrite,
    truncate: (flags & openFlag.truncate) !== 0,
  };
}

function attributesOf({ user }: Fid, mode: number, group: number): NewEntry {
  return { mode, owner: user, group };
}

/** Tell of something new that the client has no number for. */
function give(reply: MessageWriter, entry: FolderEntry): void {
  try {
    reply.qid(qidOf(entry.status()));
  } finally {
    entry.close();
  }
}

function writeQids(reply: MessageWriter, qids: readonly Qid[]): void {
  reply.u16(qids.length);
  for (const qid of qids) reply.qid(qid);
}

function timeIn(request: MessageReader): number {
  const seconds = Number(request.u64());
  return seconds + Number(request.u64()) / 1e9;
}

function qidTypeOf(mode: number): number {
  const kind = mode & fileKind.mask;
  if (kind === fileKind.folder) return qidType.folder;
  return kind === fileKind.link ? qidType.link : qidType.file;
}

type Identity = Pick<EntryStatus, "mode" | "modified" | "device" | "inode">;

/** File systems below the folder may have the same numbers: the device is mixed in. */
function qidOf({ mode, modified, device, inode }: Identity): Qid {
  const version = Number(BigInt.asUintN(32, modified ^ (modified >> 32n)));
  return { type: qidTypeOf(mode), version, path: BigInt.asUintN(64, inode ^ (device << 48n)) };
}
