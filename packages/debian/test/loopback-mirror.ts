import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCleartextMessage, createMessage, generateKey, type PrivateKey, sign } from "openpgp";
import { gzipSync } from "node:zlib";
import { type ArchiveOptions, DebianArchive } from "../src/archive.ts";
import { sha256 } from "../src/cache.ts";
import { storeXz } from "./xz-writer.ts";

export interface SuitePackage {
  readonly name: string;
  readonly version?: string;
  readonly deb?: Uint8Array;
  /** More lines of the index record. */
  readonly fields?: string;
}

export interface SuiteOptions {
  readonly key: PrivateKey;
  readonly packages: readonly SuitePackage[];
  /** Lines that replace those of the same field in the Release file. */
  readonly release?: Readonly<Record<string, string>>;
  readonly inline?: boolean;
  readonly indexEndings?: readonly ("xz" | "gz")[];
  readonly byHash?: boolean;
}

/** A key as an archive has it, but for tests alone. */
export async function makeKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    userIDs: [{ name: "Test" }],
    format: "object",
    date: new Date(2020, 0),
  });
  return privateKey;
}

/** A Debian archive on the loopback interface. Its files may be changed at will. */
export class LoopbackMirror {
  readonly files = new Map<string, Uint8Array>();
  /** Paths asked for, in order. */
  readonly requests: string[] = [];
  /** Answers instead of the files if it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));
  readonly #folders: string[] = [];

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    for (const folder of this.#folders) await rm(folder, { recursive: true });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the mirror is not listening");
    return `http://127.0.0.1:${address.port}/debian/`;
  }

  /** A folder that is removed when the mirror stops. */
  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "lockframe-debian-"));
    this.#folders.push(folder);
    return folder;
  }

  /** An archive that uses this mirror, a fresh cache, and no setting of the machine. */
  async archive(key: PrivateKey, options: ArchiveOptions = {}): Promise<DebianArchive> {
    return new DebianArchive({
      mirror: this.url,
      environment: {},
      aptConfiguration: "",
      pause: 1,
      cacheDirectory: await this.folder(),
      keys: [key.toPublic()],
      ...options,
    });
  }

  /** Publishes a suite, signed. */
  async publish(suite: string, options: SuiteOptions): Promise<void> {
    const records = options.packages.map((entry) => this.#addPackage(entry));
    const plain = Buffer.from(records.join("\n"));
    const forms = { xz: storeXz(plain), gz: gzipSync(plain) };
    const folder = `dists/${suite}/main/binary-s390x`;
    const listed: [string, Uint8Array][] = [["main/binary-s390x/Packages", plain]];
    for (const ending of options.indexEndings ?? ["xz", "gz"]) {
      listed.push([`main/binary-s390x/Packages.${ending}`, forms[ending]]);
      this.files.set(`${folder}/Packages.${ending}`, forms[ending]);
      if (options.byHash) this.files.set(`${folder}/by-hash/SHA256/${sha256(forms[ending])}`, forms[ending]);
    }
    const fields: Record<string, string> = {
      Suite: "stable",
      Codename: suite,
      Date: "Sat, 12 Sep 2020 07:55:41 UTC",
      "Acquire-By-Hash": options.byHash ? "yes" : "no",
      ...options.release,
    };
    const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
    const sums = listed.map(([path, bytes]) => ` ${sha256(bytes)} ${bytes.length} ${path}\n`);
    await this.#sign(suite, `${head.join("")}SHA256:\n${sums.join("")}`, options);
  }

  #addPackage({ name, version = "1", deb = Buffer.from("no package"), fields = "" }: SuitePackage): string {
    const filename = `pool/main/${name}_${version}_s390x.deb`;
    this.files.set(filename, deb);
    return (
      `Package: ${name}\nVersion: ${version}\nArchitecture: s390x\n${fields}Filename: ${filename}\n` +
      `Size: ${deb.length}\nSHA256: ${sha256(deb)}\n`
    );
  }

  async #sign(suite: string, text: string, { key, inline = true }: SuiteOptions): Promise<void> {
    const date = new Date("2020-09-12T08:00:00Z");
    const put = (name: string, content: string) =>
      this.files.set(`dists/${suite}/${name}`, Buffer.from(content));
    if (inline) {
      const message = await createCleartextMessage({ text });
      put("InRelease", await sign({ message, signingKeys: key, date }));
      return;
    }
    put("Release", text);
    const message = await createMessage({ binary: Buffer.from(text) });
    put("Release.gpg", await sign({ message, signingKeys: key, detached: true, date }));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURI(new URL(request.url ?? "", "http://mirror").pathname).replace(/^\/[^/]+\//, "");
    this.requests.push(path);
    if (this.intercept(request, response)) return;
    const bytes = this.files.get(path);
    response.writeHead(bytes === undefined ? 404 : 200, { "content-length": bytes?.length ?? 0 });
    response.end(bytes);
  }
}
