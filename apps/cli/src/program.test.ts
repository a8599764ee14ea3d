import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { profileFiles } from "./profiles.ts";
import { lockframe } from "./testing.ts";

const directory = mkdtempSync(join(tmpdir(), "lockframe-cli-"));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test("help names every verb, and each verb's help has examples", async () => {
  const { status, stdout } = await lockframe(["--help"]);
  expect(status).toBe(0);
  const verbs = [
    "demo",
    "run",
    "qemu",
    "genprotimg",
    "image",
    "host-key",
    "guest",
    "profile",
    "plugin",
    "completion",
  ];
  for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
  const explained = [
    "demo",
    "run",
    "qemu -h",
    "genprotimg",
    "image info",
    "host-key create",
    "guest gaps",
    "profile show",
    "plugin list",
  ];
  for (const verb of explained) {
    const words = verb.split(" ");
    const help = await lockframe(words.includes("-h") ? words : [...words, "--help"]);
    expect(help, verb).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("Examples:\n  $ lockframe "),
    });
  }
});

test.for([
  [["rnu"], /unknown command 'rnu'\n\(Did you mean run\?\)/],
  [["run"], /missing required argument 'what'/],
  [["run", "x", "--memroy", "1G"], /unknown option '--memroy'\n\(Did you mean --memory\?\)/],
  [["run", "a", "b"], /LF-CLI-001: one profile and one image at most, not also b/],
  [["run", "z16-pvm", "z15-pvm"], /not also z15-pvm/],
  [["run", "x", "--timeout", "soon"], /LF-CLI-002/],
] as const)("`%j` is wrong usage", async ([args, message]) => {
  expect(await lockframe(args)).toEqual({ status: 2, stdout: "", stderr: expect.stringMatching(message) });
});

test.for([
  [["run", "z16-pvm"], "LF-CLI-003"],
  [["run", "--disk", "/nowhere", "--bios", "/nowhere"], "LF-CLI-004"],
  [["run", "/nowhere"], "LF-CLI-004"],
  [["run", "z16-pvmm.yaml"], "LF-PROFILE-001"],
  [["profile", "show", "z61"], "LF-PROFILE-001"],
  [["plugin", "list", "unpakc"], "LF-PLUGIN-001"],
  [["qemu", "-m", "0"], "LF-QEMU-004"],
  [["qemu", "-nographic"], "LF-CLI-003"],
  [["qemu", "-kernel", "/nowhere"], "LF-CLI-004"],
  [["qemu", "-device", "virtio-frob-ccw", "-kernel", "x"], "LF-PROFILE-201"],
] as const)("`%j` fails with %s, status 1 and nothing on stdout", async ([args, code]) => {
  const outcome = await lockframe(args);
  expect(outcome).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(`^lockframe: ${code}: `) });
});

const PROTECTED = [
  "-machine",
  "s390-ccw-virtio,confidential-guest-support=pv0",
  "-object",
  "s390-pv-guest,id=pv0",
];

test.for([
  [["-cpu", "z15"], "LF-PV-001", /CPU model does not support Protected Virtualization/],
  [["-cpu", "z14,unpack=on"], "LF-PLAN-002", /'unpack' is not available for CPU model 'z14'/],
  [["-smp", "248"], "LF-PV-002", /Protected VMs support a maximum of 247 CPUs/],
  [["-mem-path", "/dev/hugepages"], "LF-PV-003", /can currently not be backed with huge pages/],
  [["-device", "virtio-balloon-ccw,id=b"], "LF-PV-005", /virtio-balloon-ccw \(b\).*no-balloon/],
  [["-device", "vfio-pci,id=gpu"], "LF-PV-004", /vfio-pci \(gpu\).*no-passthrough/],
] as const)("a protectable machine with %j is refused by a plugin: %s", async ([args, code, message]) => {
  const outcome = await lockframe(["qemu", ...PROTECTED, ...args, "-kernel", "x"]);
  expect(outcome).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(message) });
  expect(outcome.stderr).toContain(code);
});

test("a kernel larger than guest storage is refused before it is read", async () => {
  const kernel = file("big", new Uint8Array(2 ** 20 + 1));
  const outcome = await lockframe(["qemu", "-m", "1M", "-kernel", kernel]);
  expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining("LF-CLI-005") });
});

test.for([...profileFiles().builtIn.keys()])("the profile %s is sound", async (name) => {
  expect(await lockframe(["profile", "validate", name])).toEqual({
    status: 0,
    stdout: `${name}: ok\n`,
    stderr: "",
  });
});

test("guest gaps lists facilities and instructions that are missing, and none that is there", async () => {
  const { stdout } = await lockframe(["guest", "gaps", "--json"]);
  const { facilities, instructions } = z
    .object({
      facilities: z.array(z.object({ name: z.string() })),
      instructions: z.array(z.object({ mnemonic: z.string() })),
    })
    .parse(JSON.parse(stdout));
  const missing = instructions.map(({ mnemonic }) => mnemonic);
  expect(missing).toContain("SIE");
  expect(missing).not.toContain("AGR");
  expect(facilities.map(({ name }) => name)).toContain("neural-network-processing-assist");
  expect(facilities.map(({ name }) => name)).not.toContain("unpack");
  expect((await lockframe(["guest", "gaps"])).stdout).toContain(`(${missing.length} of `);
});

test("profile show prints each value with its origin, and the facilities of the guest", async () => {
  const profile = file("m.yaml", "profile: 1\nextends: z16-pvm\ncpus: { count: 3 }\n");
  const { stdout } = await lockframe(["profile", "show", profile]);
  expect(stdout).toMatch(/^cpus\.count +3 +.*m\.yaml:3:16$/m);
  expect(stdout).toMatch(/^cpus\.model +"z16" +.*z16-pvm\.yaml:\d+:\d+$/m);
  expect(stdout).toMatch(/^Facilities that the guest sees:.* unpack/m);
  const json: unknown = JSON.parse((await lockframe(["profile", "show", profile, "--json"])).stdout);
  expect(json).toMatchObject({
    profile: { cpus: { count: 3 } },
    facilities: expect.arrayContaining(["unpack"]),
  });
});

test("profile diagnostics have a place and a suggestion", async () => {
  const profile = file("bad.yaml", "profile: 1\nextends: pvm\ncpus: { cuont: 3 }\n");
  const { stderr } = await lockframe(["profile", "validate", profile]);
  expect(stderr).toContain("bad.yaml:3:9 cpus.cuont: unknown key (did you mean `count`?)");
});

test("profile schema completes the devices of plugins", async () => {
  const schema: unknown = JSON.parse((await lockframe(["profile", "schema"])).stdout);
  expect(JSON.stringify(schema)).toContain('"const":"sclplmconsole"');
  expect(schema).toMatchObject({ $schema: "http://json-schema.org/draft-07/schema#", required: ["profile"] });
});

test("a plugin beside the profile is loaded, and blamed when it fails", async () => {
  file(
    "broken.mjs",
    `export default { name: "broken", api: 1, title: "", facilities: [], devices: [], taps: { facilities() { throw new Error("oops"); } } };`,
  );
  file("other.mjs", "export default { api: 7 };");
  const attempt = async (plugin: string): Promise<string> => {
    const profile = file("p.yaml", `profile: 1\nextends: base\nplugins: [./${plugin}]\n`);
    return (await lockframe(["profile", "validate", profile])).stderr;
  };
  expect(await attempt("broken.mjs")).toContain(
    "LF-PLUGIN-003: plugin broken failed in the hook facilities: oops",
  );
  expect(await attempt("other.mjs")).toContain(
    "LF-PLUGIN-004: the plugin ./other.mjs is made for API 7, this is API 1",
  );
  expect(await attempt("gone.mjs")).toContain("LF-PLUGIN-001: the plugin ./gone.mjs cannot be loaded");
});

test("genprotimg takes the options of its namesake, and says what it lacks", async () => {
  const outcome = await lockframe(["genprotimg", "-o", join(directory, "x.img")]);
  expect(outcome).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("LF-IMAGE-080: --kernel is missing"),
  });
});

test("a host key, an image for it, and what is to be known of the image", async () => {
  const { tinyGuest } = await import("@lockframe/testkit");
  const made = await lockframe(["host-key", "create", "-d", directory, "-n", "h", "--json"]);
  expect(JSON.parse(made.stdout)).toMatchObject({ privateKey: join(directory, "h.key") });
  const kernel = file("kernel", tinyGuest());
  const image = join(directory, "secure.img");
  const at = (name: string): string => join(directory, name);
  const trust = [
    "-C",
    at("signing-key.crt"),
    "--root-ca",
    at("root-ca.crt"),
    "--crl",
    at("root-ca.crl"),
    "--crl",
    at("signing-key.crl"),
    "--offline",
  ];
  const sealed = await lockframe(["genprotimg", "--image", kernel, "-k", at("h.crt"), ...trust, "-o", image]);
  expect(sealed).toMatchObject({ status: 0, stdout: "" });
  const info = await lockframe(["image", "info", image, "--host-key", at("h.key"), "--json"]);
  expect(info.status).toBe(0);
  expect(JSON.parse(info.stdout)).toMatchObject({ layout: "pvimg", authenticity: "verified", problems: [] });
  expect(
    (await lockframe(["genprotimg", "-i", kernel, "-k", at("h.crt"), ...trust, "-o", image])).stderr,
  ).toContain("LF-IMAGE-071");
});

test("colours and marks are for terminals alone", async () => {
  const { stderr } = await lockframe(["qemu", "-m", "0"]);
  expect(stderr).not.toContain("\u001b");
});
