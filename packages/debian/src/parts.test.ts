import type { PrivateKey } from "openpgp";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { busyboxSample } from "../test/busybox-sample.ts";
import { buildDeb } from "../test/deb-builder.ts";
import { LoopbackMirror, makeKey, type SuitePackage } from "../test/loopback-mirror.ts";
import { writeCpio } from "./cpio.ts";
import { explainParts } from "./explain-parts.ts";
import { busyboxFileSystem } from "./initramfs.ts";
import {
  fetchDemoParts,
  fetchKernel,
  fetchStage3Loaders,
  fetchUserland,
  isUnavailable,
  resolveLatestKernel,
} from "./parts.ts";

const KERNEL = "linux-image-6.12.107+deb13-s390x";
let key: PrivateKey;
let mirror: LoopbackMirror;
let packages: readonly SuitePackage[];

beforeAll(async () => {
  key = await makeKey();
  packages = [
    { name: "linux-image-s390x", version: "6.12.94-1", fields: "Depends: linux-image-6.12.94+deb13-s390x\n" },
    { name: "linux-image-s390x", version: "6.12.107-1", fields: `Depends: ${KERNEL} (= 6.12.107-1)\n` },
    { name: "linux-image-6.12.94+deb13-s390x", version: "6.12.94-1" },
    {
      name: KERNEL,
      version: "6.12.107-1",
      deb: await buildDeb([
        { name: "./boot/config-6.12.107+deb13-s390x", content: "config" },
        { name: "./boot/vmlinuz-6.12.107+deb13-s390x", content: "kernel" },
      ]),
    },
    {
      name: "busybox-static",
      deb: await buildDeb([{ name: "./usr/bin/busybox", content: busyboxSample() }]),
    },
  ];
});
beforeEach(async () => {
  mirror = new LoopbackMirror();
  await mirror.start();
});
afterEach(() => mirror.stop());

describe("the kernel", () => {
  it("is the one that the newest meta package depends on", async () => {
    await mirror.publish("trixie", { key, packages });
    const archive = await mirror.archive(key);
    expect(await resolveLatestKernel(archive)).toMatchObject({ name: KERNEL, version: "6.12.107-1" });
    const kernel = await fetchKernel(archive);
    expect(kernel.release).toBe("6.12.107+deb13-s390x");
    expect(Buffer.from(kernel.bytes).toString()).toBe("kernel");
  });

  it("is missing where the meta package names none", async () => {
    const meta = { name: "linux-image-s390x", fields: "Depends: initramfs-tools | linux-initramfs-tool\n" };
    await mirror.publish("trixie", { key, packages: [meta] });
    await expect(resolveLatestKernel(await mirror.archive(key))).rejects.toMatchObject({
      code: "LF-DEBIAN-033",
    });
  });
});

it("the demonstration's parts are fetched step by step, each step explained", async () => {
  await mirror.publish("trixie", { key, packages });
  const steps: string[] = [];
  const parts = await fetchDemoParts(await mirror.archive(key), { onStep: (id) => steps.push(id) });
  expect(steps).toEqual(["release", "kernel", "busybox", "initramfs"]);
  expect(explainParts.map(({ id }) => id)).toEqual(expect.arrayContaining(steps));
  expect(parts.initramfs).toEqual(writeCpio(busyboxFileSystem({ busybox: busyboxSample() })));
});

it("the loaders are found wherever the package keeps them", async () => {
  const deb = await buildDeb([
    { name: "./usr/share/s390-tools/pvimg/stage3a.bin", content: "a" },
    { name: "./usr/share/s390-tools/pvimg/stage3b_reloc.bin", content: "b" },
  ]);
  await mirror.publish("sid", {
    key,
    packages: [{ name: "s390-tools", deb }],
    release: { Suite: "unstable" },
  });
  const { stage3a, stage3b } = await fetchStage3Loaders(await mirror.archive(key));
  expect([stage3a, stage3b].map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(["a", "b"]);
});

describe("a userland", () => {
  const library = (name: string) =>
    buildDeb([{ name: `./usr/lib/${name}.so`, content: name }, { name: `./usr/share/doc/${name}` }]);
  const publish = async (extra: readonly SuitePackage[]) =>
    mirror.publish("trixie", {
      key,
      packages: [
        {
          name: "shell",
          deb: await buildDeb([
            { name: "./bin/shell", content: "program", mode: 0o755 },
            { name: "./bin/twin", type: "link", linkname: "./bin/shell" },
          ]),
          fields: "Depends: gone | lib-b (>= 1), awk\nPre-Depends: lib-a:any (>= 2)\n",
        },
        { name: "lib-a", deb: await library("lib-a"), fields: "Depends: lib-b\n" },
        { name: "lib-b", deb: await library("lib-b"), fields: "Depends: lib-a\n" },
        ...extra,
      ],
    });

  it("has the files of a package and of all that it depends on, once each, alternatives and cycles included", async () => {
    await publish([{ name: "mawk", deb: await library("mawk"), fields: "Provides: other, awk (= 1)\n" }]);
    const files = await fetchUserland(await mirror.archive(key), ["shell"]);
    expect(files.map(({ path, type }) => `${type} ${path}`).sort()).toEqual([
      "file bin/shell",
      "file bin/twin",
      "file usr/lib/lib-a.so",
      "file usr/lib/lib-b.so",
      "file usr/lib/mawk.so",
    ]);
  });

  it("whose dependency is nowhere is refused", async () => {
    await publish([{ name: "mawk", fields: "Provides: awkward\n" }]);
    await expect(fetchUserland(await mirror.archive(key), ["shell"])).rejects.toMatchObject({
      code: "LF-DEBIAN-031",
      message: expect.stringContaining("'awk'"),
    });
  });
});

it("tells 'cannot be had here' from 'was tampered with'", async () => {
  const reason = (mirrorUrl: string) =>
    mirror
      .archive(key, { mirror: mirrorUrl })
      .then((archive) => fetchKernel(archive))
      .catch((error: unknown) => error);
  expect(isUnavailable(await reason("http://127.0.0.1:9/"))).toBe(true);
  await mirror.publish("trixie", { key: await makeKey(), packages });
  expect(isUnavailable(await reason(mirror.url))).toBe(false);
  expect(isUnavailable(new Error("LF-DEBIAN-010"))).toBe(false);
});
