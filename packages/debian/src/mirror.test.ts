import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoverMirror, type MirrorQuery } from "./mirror.ts";

let apt: string;
beforeEach(async () => {
  apt = await mkdtemp(join(tmpdir(), "lockframe-apt-"));
  await mkdir(join(apt, "sources.list.d"));
});
afterEach(() => rm(apt, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(apt, name), text);
const deb822 = (uri: string, suite = "trixie", more = "") =>
  `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\n${more}`;
const discover = (query: MirrorQuery = {}) =>
  discoverMirror({ environment: {}, aptDirectory: apt, aptConfiguration: "", ...query });
const found = async (query: MirrorQuery = {}) => (await discover(query)).url.href;

describe("the mirror is", () => {
  it("the first Debian entry of sources.list", async () => {
    await write(
      "sources.list",
      "deb http://one.invalid/debian bookworm main\ndeb http://two.invalid/debian sid main\n",
    );
    await write("sources.list.d/debian.sources", deb822("http://three.invalid/debian"));
    expect(await discover()).toMatchObject({
      url: new URL("http://one.invalid/debian/"),
      origin: join(apt, "sources.list"),
      checkValidUntil: true,
    });
  });

  it("else that of the parts, in the order of their names", async () => {
    await write("sources.list.d/b.sources", deb822("http://b.invalid/debian/"));
    await write("sources.list.d/a.list", "deb http://a.invalid/debian stable main\n");
    await write("sources.list.d/0.list.disabled", "deb http://off.invalid/debian stable main\n");
    expect(await found()).toBe("http://a.invalid/debian/");
  });

  it("never another repository that is laid out alike", async () => {
    await write(
      "sources.list.d/a.list",
      `deb https://editor.invalid/repos/code stable contrib
deb https://containers.invalid/linux/debian bookworm stable
deb https://database.invalid/repos/apt bookworm-pgdg main
deb http://other.invalid/ubuntu noble main
deb http://security.invalid/debian-security bookworm-security main
deb cdrom:[Debian]/ trixie main
`,
    );
    await write("sources.list.d/broken.sources", "this is no control file\n");
    await write("sources.list.d/z.sources", deb822("https://mirror.invalid/debian"));
    expect(await found()).toBe("https://mirror.invalid/debian/");
  });

  it("the first of a local list of mirrors", async () => {
    await write("mirrors.list", "https://listed.invalid/debian\nhttps://second.invalid/debian\n");
    await write("sources.list.d/debian.sources", deb822(`mirror+file://${apt}/mirrors.list`));
    expect(await found()).toBe("https://listed.invalid/debian/");
  });

  it("before all that what LOCKFRAME_MIRROR says, and before that the option", async () => {
    await write("sources.list", "deb http://one.invalid/debian bookworm main\n");
    const environment = { LOCKFRAME_MIRROR: "http://environment.invalid/d" };
    expect(await found({ environment })).toBe("http://environment.invalid/d/");
    expect(await found({ environment, mirror: "file:///srv/debian" })).toBe("file:///srv/debian/");
  });
});

it("no mirror is an error that says how to name one", async () => {
  await write("sources.list", "deb http://other.invalid/ubuntu noble main\n");
  await expect(discover()).rejects.toMatchObject({
    code: "LF-DEBIAN-001",
    hint: expect.stringMatching(/--mirror/),
  });
  await expect(discover({ aptDirectory: join(apt, "none") })).rejects.toMatchObject({
    code: "LF-DEBIAN-001",
  });
});

it.each(["mirror.invalid/debian", "ftp://mirror.invalid/debian", "http://mirror.invalid/?x"])(
  "'%s' is refused as a mirror",
  async (mirror) => {
    await expect(discover({ mirror })).rejects.toMatchObject({ code: "LF-DEBIAN-002" });
  },
);

it("takes apt's proxy for the mirror's scheme, and its leave to use stale Release files", async () => {
  const aptConfiguration = `APT::Architecture "amd64";
Acquire::http::Proxy "http://proxy.invalid:3142";
Acquire::https::Proxy "";
Acquire::Check-Valid-Until "false";
`;
  const mirror = "http://mirror.invalid/debian";
  expect(await discover({ aptConfiguration, mirror })).toMatchObject({
    aptProxy: "http://proxy.invalid:3142",
    checkValidUntil: false,
  });
  expect((await discover({ aptConfiguration, mirror: "https://mirror.invalid/" })).aptProxy).toBeUndefined();
});

it("takes an entry's leave to use stale Release files", async () => {
  await write(
    "sources.list.d/debian.sources",
    deb822("http://frozen.invalid/debian", "sid", "Check-Valid-Until: no\n"),
  );
  expect((await discover()).checkValidUntil).toBe(false);
});
