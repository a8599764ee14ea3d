import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { PrivateKey } from "openpgp";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildDeb } from "../test/deb-builder.ts";
import { LoopbackMirror, makeKey, type SuiteOptions } from "../test/loopback-mirror.ts";
import type { ArchiveOptions, FetchProgress } from "./archive.ts";

let key: PrivateKey;
let stranger: PrivateKey;
let deb: Uint8Array;
let mirror: LoopbackMirror;

beforeAll(async () => {
  [key, stranger] = [await makeKey(), await makeKey()];
  deb = await buildDeb([{ name: "./usr/bin/tool", content: "tool's bytes" }]);
});
beforeEach(async () => {
  mirror = new LoopbackMirror();
  await mirror.start();
});
afterEach(() => mirror.stop());

const publish = (options: Partial<SuiteOptions> = {}) =>
  mirror.publish("trixie", { key, packages: [{ name: "tool", version: "1:2.0-1", deb }], ...options });
const fetchTool = async (options: ArchiveOptions = {}) =>
  (await (await mirror.archive(key, options)).fetchFiles("tool", ["usr/bin/tool"]))
    .get("usr/bin/tool")
    ?.toString();
const flip = (path: string, at: number) => {
  const bytes = Buffer.from(mirror.files.get(path) ?? "");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  mirror.files.set(path, bytes);
};
const POOL = "pool/main/tool_1:2.0-1_s390x.deb";
const INDEX = "dists/trixie/main/binary-s390x/Packages.xz";
const IN_RELEASE = "dists/trixie/InRelease";

describe("a package is fetched", () => {
  it.each([
    ["InRelease", {}],
    ["Release and Release.gpg", { inline: false }],
    ["an index in gzip alone", { indexEndings: ["gz"] }],
    ["an index by its hash", { byHash: true }],
  ] satisfies [string, Partial<SuiteOptions>][])("through %s", async (_, options) => {
    await publish(options);
    expect(await fetchTool()).toBe("tool's bytes");
  });

  it("by hash without asking for the index's plain name", async () => {
    await publish({ byHash: true });
    await fetchTool();
    expect(mirror.requests).not.toContain(INDEX);
  });

  it("in its newest version", async () => {
    const old = await buildDeb([{ name: "./usr/bin/tool", content: "old" }]);
    const versions = ["2.0", "1:2.0~rc1", "1:1.9"].map((version) => ({ name: "tool", version, deb: old }));
    await publish({
      packages: [...versions, { name: "tool", version: "1:2.0", deb }, { name: "tool-extra" }],
    });
    expect(await fetchTool()).toBe("tool's bytes");
  });

  it("after a redirection and a passing error of the mirror", async () => {
    await publish();
    let failures = 1;
    mirror.intercept = ({ url = "" }, response) => {
      if (url.startsWith("/debian/"))
        response.writeHead(302, { location: url.replace("/debian/", "/moved/") });
      else if (url.startsWith("/moved/pool/") && failures-- > 0) response.writeHead(503);
      else return false;
      response.end();
      return true;
    };
    await expect(fetchTool()).resolves.toBe("tool's bytes");
  });

  it("through the proxy that the environment names", async () => {
    await publish();
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      const { pathname, host } = new URL(request.url ?? "");
      seen.push(host);
      response.end(mirror.files.get(decodeURI(pathname).replace("/debian/", "")));
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const address = proxy.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const environment = { http_proxy: `http://127.0.0.1:${port}` };
    await expect(fetchTool({ environment, mirror: "http://mirror.invalid/debian" })).resolves.toBe(
      "tool's bytes",
    );
    expect(new Set(seen)).toEqual(new Set(["mirror.invalid"]));
    proxy.close();
  });

  it("from a folder", async () => {
    await publish();
    const folder = await mirror.folder();
    for (const [path, bytes] of mirror.files) {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    expect(await fetchTool({ mirror: `file://${folder}` })).toBe("tool's bytes");
    expect(mirror.requests).toEqual([]);
  });

  it("with its progress told from first to last byte", async () => {
    await publish();
    const events: FetchProgress[] = [];
    await fetchTool({ onProgress: (event) => events.push(event) });
    const own = events.filter(({ file }) => file === "tool 1:2.0-1");
    expect(own[0]).toEqual({ file: "tool 1:2.0-1", received: 0, total: deb.length, origin: "network" });
    expect(own.at(-1)).toMatchObject({ received: deb.length, total: deb.length });
  });

  it("once, though asked for many times at once", async () => {
    await publish();
    const archive = await mirror.archive(key);
    await Promise.all(Array.from({ length: 5 }, () => archive.fetchPackage("tool")));
    expect(mirror.requests.filter((path) => path === POOL)).toHaveLength(1);
  });
});

describe("what was tampered with is refused, and nothing of it is kept", () => {
  const refusal = async (options: ArchiveOptions = {}) => {
    const cacheDirectory = await mirror.folder();
    await expect(fetchTool({ cacheDirectory, ...options })).rejects.toMatchObject({ name: "LockframeError" });
    const error = await fetchTool({ cacheDirectory, ...options }).catch((reason: unknown) => reason);
    const kept = await readdir(cacheDirectory, { recursive: true });
    return { error, kept };
  };

  it("the signed text", async () => {
    await publish();
    flip(IN_RELEASE, Buffer.from(mirror.files.get(IN_RELEASE) ?? "").indexOf("SHA256:") + 20);
    const { error, kept } = await refusal();
    expect(error).toMatchObject({ code: "LF-DEBIAN-022" });
    expect(kept).toEqual([]);
  });

  it("a detached signature's text", async () => {
    await publish({ inline: false });
    flip("dists/trixie/Release", 9);
    expect((await refusal()).error).toMatchObject({ code: "LF-DEBIAN-022" });
  });

  it("a file signed by a stranger", async () => {
    await publish({ key: stranger });
    expect((await refusal()).error).toMatchObject({
      code: "LF-DEBIAN-021",
      message: expect.stringContaining(stranger.getKeyID().toHex().toUpperCase()),
    });
  });

  it("text put before what is signed is not read", async () => {
    await publish();
    const signed = Buffer.from(mirror.files.get(IN_RELEASE) ?? "");
    const forged = `Suite: trixie\nCodename: trixie\nSHA256:\n ${"0".repeat(64)} 1 main/binary-s390x/Packages.xz\n\n`;
    mirror.files.set(IN_RELEASE, Buffer.concat([Buffer.from(forged), signed]));
    expect(await fetchTool()).toBe("tool's bytes");
  });

  it("no signature at all", async () => {
    await publish();
    mirror.files.set(IN_RELEASE, Buffer.from("Suite: trixie\nCodename: trixie\n"));
    expect((await refusal()).error).toMatchObject({ code: "LF-DEBIAN-023" });
  });

  it("the index", async () => {
    await publish();
    flip(INDEX, 60);
    const { error, kept } = await refusal();
    expect(error).toMatchObject({ code: "LF-DEBIAN-030" });
    expect(kept.filter((path) => path.startsWith("sha256"))).toEqual([]);
  });

  it("the package", async () => {
    await publish();
    flip(POOL, deb.length - 20);
    expect((await refusal()).error).toMatchObject({
      code: "LF-DEBIAN-030",
      message: expect.stringContaining(POOL),
    });
  });

  it("the package's length", async () => {
    await publish();
    mirror.files.set(POOL, Buffer.concat([deb, Buffer.from("x")]));
    expect((await refusal()).error).toMatchObject({ code: "LF-DEBIAN-012" });
  });

  it("a package longer than announced, where the server names no length", async () => {
    await publish();
    mirror.intercept = (request, response) => {
      if (!request.url?.startsWith("/debian/pool/")) return false;
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.end(Buffer.concat([deb, Buffer.alloc(1000)]));
      return true;
    };
    expect((await refusal()).error).toMatchObject({ code: "LF-DEBIAN-013" });
  });
});

describe("a Release file that is not the one asked for is refused", () => {
  const now = () => new Date("2020-10-01T00:00:00Z");
  it.each([
    ["another suite's", { Suite: "oldstable", Codename: "bookworm" }, "LF-DEBIAN-026"],
    ["a stale one", { "Valid-Until": "Wed, 30 Sep 2020 23:59:59 UTC" }, "LF-DEBIAN-024"],
    ["one from the future", { Date: "Sat, 03 Oct 2020 00:00:00 UTC" }, "LF-DEBIAN-025"],
    ["one without a date", { Date: "yesterday" }, "LF-DEBIAN-023"],
  ])("%s", async (_, release, code) => {
    await publish({ release });
    await expect(fetchTool({ now })).rejects.toMatchObject({ code });
  });

  it("but a stale one is taken where the user or apt says so", async () => {
    await publish({ release: { "Valid-Until": "Wed, 30 Sep 2020 23:59:59 UTC" } });
    const environment = { LOCKFRAME_CHECK_VALID_UNTIL: "no" };
    expect(await fetchTool({ now, environment })).toBe("tool's bytes");
    const aptConfiguration = 'Acquire::Check-Valid-Until "false";\n';
    expect(await fetchTool({ now, aptConfiguration })).toBe("tool's bytes");
  });
});

describe("what is missing is named", () => {
  it("a suite", async () => {
    await publish();
    const archive = await mirror.archive(key);
    await expect(archive.release("forky")).rejects.toMatchObject({
      code: "LF-DEBIAN-020",
      message: expect.stringContaining("'forky'"),
    });
  });

  it("an architecture", async () => {
    await publish();
    const archive = await mirror.archive(key);
    await expect(archive.find("tool", { arch: "vax" })).rejects.toMatchObject({ code: "LF-DEBIAN-027" });
  });

  it("a package, a file in it, and a file of the mirror", async () => {
    await publish();
    const archive = await mirror.archive(key);
    await expect(archive.find("too")).rejects.toMatchObject({ code: "LF-DEBIAN-031" });
    await expect(archive.fetchFiles("tool", ["usr/bin/other"])).rejects.toMatchObject({
      code: "LF-DEBIAN-043",
    });
    mirror.files.delete(POOL);
    await expect(fetchTool()).rejects.toMatchObject({ code: "LF-DEBIAN-014" });
  });

  it.each(["../etc", "Trixie", "a/b", ""])("names such as '%s' reach no URL and no path", async (name) => {
    const archive = await mirror.archive(key);
    expect(() => archive.release(name)).toThrow(expect.objectContaining({ code: "LF-DEBIAN-003" }));
    await expect(archive.find(name)).rejects.toMatchObject({ code: "LF-DEBIAN-003" });
    expect(mirror.requests).toEqual([]);
  });
});

describe("a mirror in the middle of an update, whose Release file is newer than its index,", () => {
  const publishNewer = (day = "21") =>
    publish({ packages: [{ name: "other" }], release: { Date: `${day} Nov 2020 09:15:44 UTC` } });
  const publishReleaseAlone = async (day?: string) => {
    const index = mirror.files.get(INDEX);
    await publishNewer(day);
    if (index !== undefined) mirror.files.set(INDEX, index);
  };
  /** The suite whole under another name, which is then the mirror's for a suite. */
  const publishOther = (codename: string) =>
    mirror.publish("stable", {
      key,
      packages: [{ name: "tool", version: "1:2.0-1", deb }],
      release: { Codename: codename },
    });
  const noticing = (notices: string[]) => ({ onNotice: (text: string) => notices.push(text) });

  it("serves by the Release file of an earlier run, again and again, and offline", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    await (await mirror.archive(key, { cacheDirectory })).packages();
    for (const [day, offline] of [
      ["21", false],
      ["21", false],
      ["22", false],
      ["22", true],
    ] as const) {
      await publishReleaseAlone(day);
      const notices: string[] = [];
      expect(await fetchTool({ cacheDirectory, offline, ...noticing(notices) })).toBe("tool's bytes");
      expect(notices).toEqual([expect.stringMatching(/as of 2020-09-12/)]);
    }
    await publishNewer();
    await expect(fetchTool({ cacheDirectory })).rejects.toMatchObject({ code: "LF-DEBIAN-031" });
  });

  it("serves by the suite's other name", async () => {
    await publish();
    await publishOther("trixie");
    await publishReleaseAlone();
    const notices: string[] = [];
    expect(await fetchTool(noticing(notices))).toBe("tool's bytes");
    expect(notices).toEqual([expect.stringMatching(/announced; suite trixie is used as of 2020-09-12/)]);
  });

  it("does not serve by a name that another suite has by now", async () => {
    await publish();
    await publishOther("forky");
    await publishReleaseAlone();
    await expect(fetchTool()).rejects.toMatchObject({ code: "LF-DEBIAN-012" });
  });
});

describe("without network", () => {
  it("a mirror that is not there is unreachable", async () => {
    await expect(fetchTool({ mirror: "http://127.0.0.1:9/" })).rejects.toMatchObject({
      code: "LF-DEBIAN-010",
    });
  });

  it("a mirror that says nothing is unreachable", async () => {
    mirror.intercept = () => true;
    await expect(fetchTool({ silence: 50 })).rejects.toMatchObject({ code: "LF-DEBIAN-010" });
  });

  it("--offline fetches nothing, and tells what it lacks", async () => {
    await publish();
    await expect(fetchTool({ offline: true })).rejects.toMatchObject({ code: "LF-DEBIAN-050" });
    expect(mirror.requests).toEqual([]);
  });

  it("--offline serves what an earlier run fetched, with no mirror named and though it has grown stale", async () => {
    await publish({ release: { "Valid-Until": "Wed, 30 Sep 2020 23:59:59 UTC" } });
    const cacheDirectory = await mirror.folder();
    await fetchTool({ cacheDirectory, now: () => new Date("2020-09-20T00:00:00Z") });
    mirror.requests.length = 0;
    const aptDirectory = await mirror.folder();
    expect(await fetchTool({ cacheDirectory, offline: true, mirror: undefined, aptDirectory })).toBe(
      "tool's bytes",
    );
    expect(mirror.requests).toEqual([]);
  });

  it("--offline lacks a package that was not fetched", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    await (await mirror.archive(key, { cacheDirectory })).find("tool");
    await expect(fetchTool({ cacheDirectory, offline: true })).rejects.toMatchObject({
      code: "LF-DEBIAN-050",
      message: expect.stringContaining("tool 1:2.0-1"),
    });
  });

  it("an earlier run's files serve too when the mirror cannot be reached, with a notice", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    await fetchTool({ cacheDirectory });
    const notices: string[] = [];
    const options = {
      cacheDirectory,
      mirror: "http://127.0.0.1:9/",
      onNotice: (text: string) => notices.push(text),
    };
    expect(await fetchTool(options)).toBe("tool's bytes");
    expect(notices).toEqual([expect.stringMatching(/cannot be reached.*as of 2020-09-12/)]);
  });
});

describe("the cache", () => {
  const contents = async (directory: string) =>
    (await readdir(directory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it("serves the second run but for the Release file", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    await fetchTool({ cacheDirectory });
    mirror.requests.length = 0;
    expect(await fetchTool({ cacheDirectory })).toBe("tool's bytes");
    expect(mirror.requests).toEqual([IN_RELEASE]);
  });

  it("is verified when it is read: damaged files are fetched anew", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    await fetchTool({ cacheDirectory });
    for (const path of await contents(join(cacheDirectory, "sha256"))) {
      const bytes = await readFile(path);
      bytes[0] = (bytes[0] ?? 0) ^ 0xff;
      await writeFile(path, bytes);
    }
    const notices: string[] = [];
    const onNotice = (text: string) => notices.push(text);
    await expect(fetchTool({ cacheDirectory, offline: true, onNotice })).rejects.toMatchObject({
      code: "LF-DEBIAN-050",
    });
    expect(await fetchTool({ cacheDirectory, onNotice })).toBe("tool's bytes");
    expect(notices.join("\n")).toMatch(/was damaged/);
  });

  it("a Release file changed in the cache is refused offline", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    await fetchTool({ cacheDirectory });
    const path = join(cacheDirectory, "releases/trixie.json");
    const { inline } = JSON.parse(await readFile(path, "utf8")) as { inline: string };
    const text = Buffer.from(inline, "base64").toString().replace("Suite: stable", "Suite: stabel");
    await writeFile(path, JSON.stringify({ inline: Buffer.from(text).toString("base64") }));
    await expect(fetchTool({ cacheDirectory, offline: true })).rejects.toMatchObject({
      code: "LF-DEBIAN-022",
    });
  });

  it("is shared by runs at the same time and holds no partial files afterwards", async () => {
    await publish();
    const cacheDirectory = await mirror.folder();
    const runs = await Promise.all(Array.from({ length: 6 }, () => fetchTool({ cacheDirectory })));
    expect(new Set(runs)).toEqual(new Set(["tool's bytes"]));
    expect((await contents(cacheDirectory)).filter((path) => path.endsWith(".part"))).toEqual([]);
  });

  it("that cannot be written costs a notice, not the run", async () => {
    await publish();
    const file = join(await mirror.folder(), "file");
    await writeFile(file, "");
    const notices: string[] = [];
    expect(
      await fetchTool({ cacheDirectory: join(file, "cache"), onNotice: (text) => notices.push(text) }),
    ).toBe("tool's bytes");
    expect(notices).toEqual([expect.stringMatching(/^the cache cannot be written/)]);
  });
});

describe("fetching stops", () => {
  it("when it is told to", async () => {
    await publish();
    const controller = new AbortController();
    mirror.intercept = () => {
      controller.abort(new Error("enough"));
      return true;
    };
    await expect(fetchTool({ signal: controller.signal })).rejects.toThrow("enough");
  });
});
