import { resolve as resolvePath } from "node:path";
import { expect, test } from "vitest";
import { resolveFile } from "./define-machine.ts";
import { type ProfileFiles } from "./load.ts";
import { shownValues } from "./show.ts";

/** Files by absolute path, and one profile that comes along. */
function files(texts: Readonly<Record<string, string>>): ProfileFiles {
  return {
    read(path) {
      const text = texts[path];
      if (text === undefined) throw new Error("no such file");
      return text;
    },
    builtIn: new Map(
      Object.keys(texts).flatMap((path) => (path.startsWith("/lib/") ? [[path.slice(5, -5), path]] : [])),
    ),
  };
}

const load = (texts: Readonly<Record<string, string>>, reference = "./m.yaml") =>
  resolveFile(reference, "/p", files(texts));

const complaint = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test("layers merge: maps by key, scalars replaced, plugins joined, facilities taken back, devices by id", () => {
  const { profile } = load({
    "/lib/base.yaml": `
profile: 1
name: base
cpus: { model: z15, count: 1 }
facilities: { add: [unpack], remove: [vector] }
plugins: [unpack, sclp-console]
devices:
  - { type: sclpconsole, id: con, chardev: stdio }
`,
    "/p/m.yaml": `
profile: 1
extends: base
cpus: { count: 2 }
facilities: { add: [vector], remove: [unpack] }
storage: { size: 2GiB }
plugins: [sclp-console, trace]
devices:
  - { type: sclplmconsole, id: con }
  - { type: sclpconsole, id: second }
`,
  });
  expect(profile.name).toBe("base");
  expect(profile.cpus).toEqual({ model: "z15", count: 2, engine: "jit" });
  expect(profile.facilities).toEqual({ add: ["vector"], remove: ["unpack"] });
  expect(profile.plugins).toEqual(["unpack", "sclp-console", "trace"]);
  expect(profile.devices).toEqual([
    { type: "sclplmconsole", id: "con", chardev: "stdio" },
    { type: "sclpconsole", id: "second" },
  ]);
});

test("every value knows where it came from", () => {
  const resolved = load({
    "/lib/base.yaml": "profile: 1\nplugins: [sclp-console]\ndevices:\n  - type: sclpconsole\n    id: con\n",
    "/p/m.yaml":
      "profile: 1\nextends: base\ncpus:\n  count: 3\nfacilities: { add: [vector] }\ndevices: [{ type: sclplmconsole, id: con }]\n",
  });
  const origins = Object.fromEntries(shownValues(resolved).map(({ path, origin }) => [path, origin]));
  expect(origins).toMatchObject({
    "cpus.count": "/p/m.yaml:4:10",
    "cpus.model": "default",
    "plugins.0": "/lib/base.yaml:2:11",
    "facilities.add.0": "/p/m.yaml:5:21",
    "devices.0.type": "/p/m.yaml:6:19",
    "devices.0.id": "/p/m.yaml:6:38",
  });
});

test("paths are taken against the file that names them", () => {
  const { profile } = load({
    "/p/sub/base.yaml": "profile: 1\nprotection: { hostKeys: [keys/host.pem] }\nipl: { kernel: ./vmlinuz }\n",
    "/p/m.yaml": "profile: 1\nextends: sub/base.yaml\nipl: { initrd: initrd.img }\n",
  });
  expect(profile.ipl).toEqual({
    kernel: resolvePath("/p/sub/vmlinuz"),
    initrd: resolvePath("/p/initrd.img"),
  });
  expect(profile.protection.hostKeys).toEqual([resolvePath("/p/sub/keys/host.pem")]);
});

test.for([
  [
    "profile: 1\ncpus:\n  cuont: 2\n",
    "LF-PROFILE-003",
    /^\/p\/m\.yaml:3:3 cpus\.cuont: unknown key \(did you mean `count`\?\)$/,
  ],
  ["profile: 1\ncpu: {}\n", "LF-PROFILE-003", /m\.yaml:2:1 cpu: unknown key \(did you mean `cpus`\?\)/],
  [
    "profile: 1\ncpus: { count: 0 }\n",
    "LF-PROFILE-004",
    /m\.yaml:2:16 cpus\.count: expected at least 1, found `0`/,
  ],
  ["profile: 1\ncpus: { count: two }\n", "LF-PROFILE-004", /expected a number, found `two`/],
  ["profile: 1\ncpus: { model: z155 }\n", "LF-PROFILE-004", /`z155` is not known \(did you mean `z15`\?\)/],
  [
    "profile: 1\nfacilities: { add: [unpak] }\n",
    "LF-PROFILE-004",
    /facilities\.add\.0: `unpak` is not known \(did you mean `unpack`/,
  ],
  [
    "profile: 1\nstorage: { size: 2G }\n",
    "LF-PROFILE-004",
    /expected a size such as 512MiB or 2GiB, found `2G`/,
  ],
  [
    "profile: 1\nstorage: { size: 1000000 }\n",
    "LF-PROFILE-101",
    /m\.yaml:2:18 storage\.size: 1000000 bytes are no multiple/,
  ],
  [
    "profile: 1\nstorage: { size: 16GiB }\n",
    "LF-PROFILE-105",
    /m\.yaml:2:18 storage\.size: guest storage has to be less than 16 GiB/,
  ],
  ["profile: 2\n", "LF-PROFILE-004", /`2`/],
  ["cpus: {}\n", "LF-PROFILE-005", /profile: is missing: one of `1`/],
  ["profile: 1\ndevices: [{ id: x }]\n", "LF-PROFILE-005", /devices\.0\.type: is missing: expected a text/],
  ["profile: 1\ndevices: [{ type: x, at: 4096 }]\n", "LF-PROFILE-004", /devices\.0\.at: expected a text/],
  ["profile: 1\nname: [\n", "LF-PROFILE-002", /m\.yaml:3:1 /],
  ["profile: 1\nname: a\nname: b\n", "LF-PROFILE-002", /m\.yaml:3:1 .*unique/],
  ["- a\n", "LF-PROFILE-004", /m\.yaml:1:1 expected a map, found a list/],
  ["profile: 1\nipl: { initrd: x }\n", "LF-PROFILE-102", /ipl\.initrd: is for a kernel/],
  [
    "profile: 1\nplugins: [p]\ndevices: [{type: a, id: x}, {type: b, at: 0.0.0001, id: y}, {type: c, at: 0.0.0002, id: y}]\n",
    "LF-PROFILE-103",
    /devices\.2\.id: y is taken by devices\.1 \(b\)/,
  ],
  [
    "profile: 1\nplugins: [p]\ndevices: [{type: a, at: 0.0.0001}, {type: b, at: 0.0.0001}]\n",
    "LF-PROFILE-103",
    /m\.yaml:3:50 devices\.1\.at: 0\.0\.0001 is taken by devices\.0 \(a\)/,
  ],
  [
    "profile: 1\nplugins: [p]\ndevices: [{type: a, id: x}, {type: a, id: x}]\n",
    "LF-PROFILE-103",
    /devices\.1\.id: x is taken by devices\.0 \(a\)/,
  ],
  ["profile: 1\ndevices: [{type: a}]\n", "LF-PROFILE-104", /`plugins` is empty/],
  ["profile: 1\nextends: nope\n", "LF-PROFILE-001", /m\.yaml:2:10 no profile is named `nope`/],
  ["profile: 1\nextends: ./gone.yaml\n", "LF-PROFILE-001", /cannot be read/],
  ["profile: 1\nextends: ./m.yaml\n", "LF-PROFILE-006", /m\.yaml -> .*m\.yaml/],
] as const)("%j is refused with its place", ([text, code, message]) => {
  expect(() => load({ "/p/m.yaml": text })).toThrow(complaint(code, message));
});

test("all mistakes of a file are told at once", () => {
  const attempt = () =>
    load({ "/p/m.yaml": "profile: 1\ncpus: { count: 0, modle: z15 }\nonReboot: never\n" });
  expect(attempt).toThrow(
    expect.objectContaining({ diagnostics: [expect.anything(), expect.anything(), expect.anything()] }),
  );
});

test("aliases cannot make a small file a huge one", () => {
  const bomb = `profile: 1\nname: &a [${"x,".repeat(10)}]\n${"bcdefgh"
    .split("")
    .map((key, index) => `${key}: &${key} [${`*${"abcdefgh"[index]},`.repeat(10)}]`)
    .join("\n")}`;
  expect(() => load({ "/p/m.yaml": bomb })).toThrow(complaint("LF-PROFILE-002", /[Aa]lias/));
});
