/** Images of other builders: Debian's own loaders, in the layout of the older C tool, on QEMU's command line. */
import { createPublicKey } from "node:crypto";
import { writeSeImage } from "@lockframe/secure-image";
import { expect, test } from "vitest";
import { QUIET, busyboxGuest, debianLoaders, describeWith } from "../support/debian-guest.ts";
import { GuestSession } from "../support/guest-session.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { newHostKey } from "../support/sealed-tiny-guest.ts";

const MINUTES = 60_000;

const loaders = await debianLoaders();
describeWith("Debian's kernel", await busyboxGuest(), (guest) => {
  describeWith("under Debian's stage3a and stage3b", loaders, (loaders) => {
    test("boots as a protected machine with two CPUs and 6 GiB", { timeout: 5 * MINUTES }, async () => {
      using folder = new ScratchFolder();
      const hostKey = newHostKey();
      const image = await writeSeImage({
        kernel: guest().kernel,
        initrd: guest().initrd,
        cmdline: Buffer.from(QUIET),
        hostKeys: [createPublicKey(hostKey)],
        loaders: loaders(),
        layout: "genprotimg",
      });
      folder.write("guest.img", image);
      folder.write("host.key", hostKey.export({ type: "pkcs8", format: "pem" }));
      await using session = new GuestSession(
        `qemu -machine s390-ccw-virtio,accel=kvm,confidential-guest-support=pv0 -object s390-pv-guest,id=pv0
          -cpu host -m 6G -smp 2 -nographic -nodefaults -serial mon:stdio -no-reboot
          -kernel guest.img --host-key host.key`.split(/\s+/),
        { cwd: folder.path },
      );
      const shell = await GuestShell.at(session);
      expect(await shell.run("cat /sys/firmware/uv/prot_virt_guest")).toBe("1");
      expect(Number(await shell.run("sed -n '/MemTotal/s/[^0-9]//gp' /proc/meminfo"))).toBeGreaterThan(
        5_500_000,
      );
      expect(await shell.run("cat /sys/devices/system/cpu/online")).toBe("0-1");
      expect(await shell.run("dmesg | grep -i -E 'panic|bug:|oops|warning' || true")).toBe("");
      session.type("reboot -f\n");
      expect(await session.end(60)).toBe(3);
    });
  });
});
