import { tinyGuest } from "@lockframe/testkit";
import { expect, test } from "vitest";
import { GuestSession } from "../support/guest-session.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

test("on the line-mode console the guest prints lines", async () => {
  using folder = new ScratchFolder();
  const kernel = folder.write("kernel", tinyGuest());
  const console = ["-nodefaults", "-chardev", "stdio,id=c", "-device", "sclplmconsole,chardev=c"];
  await using guest = new GuestSession(["qemu", ...console, "-kernel", kernel]);
  const greeting = await guest.until(/Protected: 0\r?\n/, 20);
  expect(greeting).toContain("Lockframe tiny guest");
  expect(guest.messages).not.toContain("LF-");
});
