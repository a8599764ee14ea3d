/** virtio devices with Debian's drivers, plain and protected: disks that keep what is written, and random bytes. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { QUIET, describeWith, deviceGuest, sealed } from "../support/debian-guest.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { type RunningMachine, startMachine } from "../support/running-machine.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { newHostKey } from "../support/sealed-tiny-guest.ts";
import { TestConsole } from "../support/test-console.ts";

const MINUTES = 60_000;
vi.setConfig({ testTimeout: 3 * MINUTES });
const plugins = ["disk-images", "virtio-blk", "virtio-rng", "virtio-serial"];
const had = await deviceGuest();

/** An empty image; what is not written to it takes no room. */
function emptyImage(folder: ScratchFolder, name: string, mebibytes: number): string {
  const path = folder.at(name);
  writeFileSync(path, "");
  truncateSync(path, mebibytes * 2 ** 20);
  return path;
}

/** What the host's own e2fsck says of an image; undefined where there is none. */
function fileSystemFaults(image: string): string | undefined {
  const { status, stdout, error } = spawnSync("e2fsck", ["-fn", image], { encoding: "utf8" });
  if (error !== undefined) return undefined;
  return status === 0 ? "" : stdout;
}

/** Drivers find disks in any order: they go by their device numbers. */
const deviceOf = (at: string): string => `/dev/$(ls /sys/bus/ccw/devices/${at}/virtio*/block)`;
const DISK = deviceOf("0.0.0001");
const MAKE_FILE_SYSTEM = `mkdir -p /mnt && modprobe -a virtio_blk crc32c_generic ext4 && /usr/sbin/mkfs.ext4 -q ${DISK} && mount ${DISK} /mnt`;
const FILL = "dd if=/dev/urandom of=/mnt/noise bs=64k count=64 2>/dev/null && sha256sum < /mnt/noise";
const REMOUNT = `umount /mnt && mount ${DISK} /mnt && sha256sum < /mnt/noise`;

describeWith("disks and random bytes of a plain guest", had, (parts) => {
  let folder: ScratchFolder;
  let disk: string;
  let content: string;
  const [terminal, agent] = [new TestConsole(), new TestConsole()];
  let guest: RunningMachine;
  let shell: GuestShell;

  beforeAll(async () => {
    folder = new ScratchFolder();
    disk = emptyImage(folder, "disk.img", 64);
    content = folder.at("content");
    writeFileSync(content, Buffer.alloc(3 * 2 ** 20, "read me\n"));
    guest = await startMachine({
      ...parts(),
      commandLine: QUIET,
      characterPorts: new Map([
        ["terminal", terminal],
        ["agent", agent],
      ]),
      changes: {
        plugins,
        cpus: { count: 2 },
        storage: { size: "6GiB" },
        devices: [
          {
            type: "virtio-blk-ccw",
            at: "fe.0.0001",
            drive: { file: disk },
            serial: "LOCK-1",
            "num-queues": 2,
          },
          { type: "virtio-blk-ccw", at: "0.1.1000", drive: { file: content, readOnly: true }, packed: true },
          { type: "virtio-rng-ccw" },
          {
            type: "virtio-serial-ccw",
            at: "0.2.0001",
            ports: [
              { chardev: "terminal", console: true },
              { chardev: "agent", name: "org.example" },
            ],
          },
        ],
      },
    });
    shell = await GuestShell.at(guest);
  }, 5 * MINUTES);
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  test("the channel subsystem has them, by their numbers", async () => {
    expect(await shell.run("ls /sys/bus/ccw/devices")).toBe("0.0.0000  0.0.0001  0.1.1000  0.2.0001");
    expect(await shell.run("cat /sys/bus/ccw/devices/*/cutype")).toBe("3832/04\n3832/02\n3832/02\n3832/03");
    expect(await shell.run("cat /sys/bus/ccw/devices/*/online")).toBe("1\n1\n1\n1");
  });

  test("storage beyond 4 GiB is the guest's", async () => {
    expect(Number(await shell.run("sed -n '/MemTotal/s/[^0-9]//gp' /proc/meminfo"))).toBeGreaterThan(
      6_000_000,
    );
  });

  test("a file system is made, filled, and the same after it was mounted again", async () => {
    await shell.run(MAKE_FILE_SYSTEM);
    const written = await shell.run(FILL);
    expect(await shell.run(REMOUNT)).toBe(written);
    expect(await shell.run("cat /sys/bus/ccw/devices/0.0.0001/virtio*/block/*/serial")).toBe("LOCK-1");
    await shell.run("umount /mnt");
    expect(fileSystemFaults(disk) ?? "").toBe("");
  });

  test("each CPU has a queue of its own to a disk that has as many", async () => {
    const queues = "/sys/bus/ccw/devices/0.0.0001/virtio*/block/*/mq";
    expect(await shell.run(`cd ${queues} && head -n 9 */cpu_list; cd /`)).toMatch(
      /^==> 0\/cpu_list <==\n0\n+==> 1\/cpu_list <==\n1$/,
    );
    const digest = createHash("sha256").update(readFileSync(disk).subarray(0, 65536)).digest("hex");
    for (const cpu of ["1", "2"]) {
      await shell.run("echo 1 > /proc/sys/vm/drop_caches");
      const first = `taskset ${cpu} dd if=${deviceOf("0.0.0001")} bs=64k count=1 2>/dev/null`;
      expect(await shell.run(`${first} | sha256sum`)).toBe(`${digest}  -`);
    }
  });

  test("a read-only disk with a packed queue is read, and stays as it is", async () => {
    const digest = createHash("sha256").update(readFileSync(content)).digest("hex");
    expect(await shell.run(`sha256sum < ${deviceOf("0.1.1000")}`)).toBe(`${digest}  -`);
    expect(await shell.run("cat /sys/bus/ccw/devices/0.1.1000/virtio*/block/*/ro")).toBe("1");
    expect(
      await shell.run(`dd if=/dev/zero of=${deviceOf("0.1.1000")} count=1 2>/dev/null || echo refused`),
    ).toBe("refused");
  });

  test("random bytes come from the host", async () => {
    await shell.run("modprobe virtio-rng");
    expect(await shell.run("cat /sys/class/misc/hw_random/rng_current")).toBe("virtio_rng.0");
    const [one, other] = [
      await shell.run("head -c 8 /dev/hwrng | xxd -p"),
      await shell.run("head -c 8 /dev/hwrng | xxd -p"),
    ];
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(other).not.toBe(one);
  });

  test("a console and a port with a name carry bytes both ways", async () => {
    await shell.run("stty -F /dev/hvc0 raw -echo && echo to the terminal > /dev/hvc0");
    await terminal.until(/to the terminal/);
    terminal.type("typed\n");
    expect(await shell.run("head -n 1 < /dev/hvc0")).toBe("typed");
    const port = await shell.run("dirname $(grep -l org.example /sys/class/virtio-ports/*/name)");
    const device = `/dev/${port.split("/").at(-1)}`;
    agent.type("question\n");
    expect(await shell.run(`{ read -r line; echo "answer to $line" >&0; echo $line; } <> ${device}`)).toBe(
      "question",
    );
    await agent.until(/answer to question\n/);
  });

  test("a device that is plugged while the guest runs is found, and is missed when it is taken away", async () => {
    const devices = async (): Promise<string[]> =>
      (await shell.run("ls /sys/bus/ccw/devices")).split(/\s+/).toSorted();
    const wait = async (device: string, is: "-d" | "! -d"): Promise<string[]> => {
      await shell.run(
        `for n in $(seq 50); do [ ${is} /sys/bus/ccw/devices/${device} ] && break; sleep 0.1; done`,
      );
      return devices();
    };
    const before = await devices();
    expect(await guest.machine.plug({ type: "virtio-rng-ccw", id: "late", at: "fe.0.0abc" })).toBe(
      "0.0.0abc",
    );
    expect(await wait("0.0.0abc", "-d")).toEqual([...before, "0.0.0abc"].toSorted());
    expect(await shell.run("cat /sys/bus/ccw/devices/0.0.0abc/cutype")).toBe("3832/04");
    await guest.machine.unplug("late");
    expect(await wait("0.0.0abc", "! -d")).toEqual(before);
    await expect(guest.machine.unplug("late")).rejects.toThrow(/no device 'late'/);
  });

  test("the kernel has nothing to complain of", async () => {
    expect(
      await shell.run("dmesg | grep -i -E 'error|warn|oops|fail|unable' | grep -v 'vd[ab]' || true"),
    ).toBe("");
    expect(guest.messages.filter((line) => /broke|failed/.test(line))).toEqual([]);
  });
});

describeWith("disks of a protected guest", had, (parts) => {
  const hostKey = newHostKey();
  let folder: ScratchFolder;
  let disk: string;
  let guest: RunningMachine;
  let shell: GuestShell;

  beforeAll(async () => {
    folder = new ScratchFolder();
    disk = emptyImage(folder, "disk.img", 64);
    guest = await startMachine({
      kernel: await sealed(parts(), hostKey),
      hostKeys: [hostKey],
      changes: {
        plugins,
        devices: [
          { type: "virtio-blk-ccw", at: "fe.0.0001", drive: { file: disk } },
          { type: "virtio-rng-ccw", at: "fe.0.0002", iommu_platform: false },
        ],
      },
    });
    shell = await GuestShell.at(guest);
  }, 5 * MINUTES);
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  test("a file system is made, filled, and the same after it was mounted again, all through shared pages", async () => {
    expect(await shell.run("cat /sys/firmware/uv/prot_virt_guest")).toBe("1");
    await shell.run(MAKE_FILE_SYSTEM);
    const written = await shell.run(FILL);
    expect(await shell.run(REMOUNT)).toBe(written);
    await shell.run("umount /mnt");
    expect(fileSystemFaults(disk) ?? "").toBe("");
    const features = await shell.run("cat /sys/bus/ccw/devices/0.0.0001/virtio*/features");
    expect(features.slice(32, 34)).toBe("11"); // version 1, access platform
  });

  test("a device that would reach all of its storage is refused by the guest, and told of by the host", async () => {
    await shell.run("modprobe virtio-rng || true");
    expect(await shell.run("ls /sys/bus/ccw/devices/0.0.0002/virtio*/driver 2>/dev/null || echo none")).toBe(
      "none",
    );
    expect(await shell.run("dmesg")).toContain("device must provide VIRTIO_F_ACCESS_PLATFORM");
    expect(guest.messages.join("\n")).toContain("virtio-rng-ccw has iommu_platform=off");
  });

  test("no queue was broken by what the guest keeps for itself", () => {
    expect(guest.messages.filter((line) => line.includes("broke a queue"))).toEqual([]);
  });
});
