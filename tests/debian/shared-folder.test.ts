/** A folder of the host in a protected guest, with Debian's 9p client. */
import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  createReadStream,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { patience, piece, pieces } from "../support/amount.ts";
import { describeWith, deviceGuest, sealed } from "../support/debian-guest.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { type RunningMachine, startMachine } from "../support/running-machine.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { newHostKey } from "../support/sealed-tiny-guest.ts";

const MINUTES = 60_000;
vi.setConfig({ testTimeout: patience * MINUTES });
const had = await deviceGuest();

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes as Uint8Array);
  return `${hash.digest("hex")}  -`;
}

describeWith("a folder shared with a protected guest", had, (parts) => {
  const hostKey = newHostKey();
  let folder: ScratchFolder;
  let guest: RunningMachine;
  let shell: GuestShell;

  beforeAll(async () => {
    folder = new ScratchFolder();
    mkdirSync(folder.at("shared"));
    mkdirSync(folder.at("fixed"));
    folder.write("secret", "of the host");
    symlinkSync("../secret", folder.at("shared/link"));
    writeFileSync(folder.at("fixed/file"), "fixed");
    for (let n = 0; n < pieces; n++)
      appendFileSync(folder.at("shared/from-host"), randomBytes(piece * 2 ** 20));
    guest = await startMachine({
      kernel: await sealed(parts(), hostKey),
      hostKeys: [hostKey],
      changes: {
        plugins: ["host-folders", "virtio-9p"],
        devices: [
          { type: "virtio-9p-ccw", fsdev: { path: folder.at("shared") }, mount_tag: "shared" },
          { type: "virtio-9p-ccw", fsdev: { path: folder.at("fixed"), readOnly: true }, mount_tag: "fixed" },
        ],
      },
    });
    shell = await GuestShell.at(guest);
    await shell.run("modprobe -a 9pnet_virtio 9p && mkdir /shared /fixed");
    // Without a cache, Linux asks for each page of a program's buffer by itself.
    const options = "-t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose";
    await shell.run(`mount ${options} shared /shared && mount ${options} fixed /fixed`);
  }, 5 * MINUTES);
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  test("what the host put there is read", async () => {
    expect(await shell.run("cat /sys/firmware/uv/prot_virt_guest")).toBe("1");
    expect(await shell.run("sha256sum < /shared/from-host")).toBe(
      await digestOf(folder.at("shared/from-host")),
    );
  });

  test("what the guest writes is the host's, and the same when it is read again", async () => {
    await shell.run("dd if=/shared/from-host of=/shared/from-guest bs=256k conv=fsync 2>/dev/null");
    const digest = await digestOf(folder.at("shared/from-guest"));
    expect(digest).toBe(await digestOf(folder.at("shared/from-host")));
    expect(
      await shell.run("umount /shared && mount -t 9p -o trans=virtio,version=9p2000.L shared /shared"),
    ).toBe("");
    expect(await shell.run("sha256sum < /shared/from-guest")).toBe(digest);
  });

  test("files and folders are made, renamed, listed and removed", async () => {
    const script = [
      "cd /shared",
      "mkdir -p d/e",
      "for i in $(seq 60); do echo $i > d/file-$i; done",
      "mv d/file-7 d/e/seven",
      "ln d/e/seven d/again",
      "ln -s e/seven d/soft",
      "chmod 600 d/file-1",
      "rm d/file-2",
      "cat d/soft; ls d | wc -l; stat -c %a d/file-1; stat -c %h d/again",
      "cd /",
    ].join(" && ");
    expect(await shell.run(script)).toBe("7\n61\n600\n2");
    expect(readdirSync(folder.at("shared/d")).length).toBe(61);
    await shell.run("rm -r /shared/d");
    expect(readdirSync(folder.at("shared"))).not.toContain("d");
  });

  test("a link leads where it leads in the guest, not in the host", async () => {
    expect(await shell.run("readlink /shared/link")).toBe("../secret");
    expect(await shell.run("cat /shared/link 2>&1 || true")).toContain("No such file");
    expect(await shell.run("cat /shared/../secret 2>&1 || true")).toContain("No such file");
  });

  test("a read-only folder is read, and refuses changes", async () => {
    expect(await shell.run("cat /fixed/file")).toBe("fixed");
    expect(await shell.run("touch /fixed/new 2>&1 || true")).toContain("Read-only file system");
    expect(await shell.run("rm /fixed/file 2>&1 || true")).toContain("Read-only file system");
  });

  test("nothing complains", async () => {
    expect(await shell.run("dmesg | grep -i -E 'error|warn|oops|fail|unable' || true")).toBe("");
    expect(guest.messages.filter((line) => /broke|failed/.test(line))).toEqual([]);
  });
});
