import { firstPartyNames, loadPlugins } from "../plugins.ts";
import { expect, test } from "vitest";
import { type QemuRun, translate } from "./translate.ts";

const definitions = (await loadPlugins(firstPartyNames, process.cwd())).flatMap(({ devices }) => devices);

function run(line: string): QemuRun {
  const parsed = translate(words(line), definitions);
  if (parsed.kind !== "run") throw new TypeError(`${line} only asks`);
  return parsed;
}

/** The words of a line; single quotes keep blanks. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

test("the command line of the documentation becomes a protectable machine", () => {
  const { layer, characterDevices, notes } = run(
    "-machine s390-ccw-virtio,accel=tcg,confidential-guest-support=pv0 -object s390-pv-guest,id=pv0 " +
      "-cpu gen16a,unpack=on,vx=off -m 2G -smp 2 -kernel k.img -nographic -nodefaults -display none " +
      "-serial mon:stdio -no-reboot -name demo,debug-threads=on -uuid 12345678-9ABC-def0-1234-56789abcdef0 " +
      "--host-key host.key",
  );
  expect(layer).toMatchObject({
    name: "demo",
    uuid: "12345678-9abc-def0-1234-56789abcdef0",
    cpus: { model: "gen16a", count: 2 },
    facilities: { add: ["unpack"], remove: ["vector"] },
    storage: { size: 2 ** 31, mergeable: false },
    devices: [{ type: "sclpconsole", id: "serial0", chardev: "serial0" }],
    ipl: { kernel: "k.img" },
    protection: { requested: true, hostKeys: ["host.key"], xray: false },
    onReboot: "stop",
  });
  expect(layer.plugins).toContain("no-passthrough");
  expect([...characterDevices]).toEqual([["serial0", { backend: "stdio", escapes: true }]]);
  expect(notes).toEqual([]);
});

test("a plain kernel gets its RAM disk and command line", () => {
  const { layer } = run("-nographic -kernel k -initrd i -append 'console=ttysclp0 a,b'");
  expect(layer.ipl).toEqual({ kernel: "k", initrd: "i", commandLine: "console=ttysclp0 a,b" });
  expect(layer.protection?.requested).toBe(false);
  expect(layer.onReboot).toBe("reboot");
});

test("options may have two dashes, and later ones win", () => {
  const { layer } = run("--m 1G -m 2048 -machine s390-ccw-virtio-9.2 -M accel=kvm:tcg,mem-merge=off");
  expect(layer.storage).toMatchObject({ size: 2 ** 31, mergeable: false });
});

test("how a machine boots from its devices is part of its profile", () => {
  expect(
    run("-bios s390-ccw.img -boot menu=on,splash-time=5000 -M s390-ccw-virtio,loadparm=PROMPT").layer.ipl,
  ).toEqual({ bios: "s390-ccw.img", menu: true, menuTimeout: 5000, loadParameter: "PROMPT" });
  expect(run("-boot c -boot menu=off -boot strict=on").layer.ipl).toEqual({ menu: false });
  const blk = run(
    "-drive file=a,if=none,id=d,format=raw -device virtio-blk-ccw,drive=d,bootindex=1,loadparm=2",
  ).layer;
  expect(blk.devices?.at(-1)).toMatchObject({ type: "virtio-blk-ccw", bootindex: 1, loadparm: "2" });
});

test("what a watchdog does is its own property", () => {
  const action = (line: string): unknown => run(`-device diag288 ${line}`).layer.devices?.at(-1);
  expect(action("")).toEqual({ type: "diag288" });
  expect(action("-watchdog-action pause")).toEqual({ type: "diag288", action: "pause" });
  expect(action("-action reboot=shutdown,watchdog=none")).toEqual({ type: "diag288", action: "none" });
});

test("disks and optical media without a device of their own get one", () => {
  const { devices } = run("a.img -hdb b,,c.img -cdrom d.iso").layer;
  expect(devices?.slice(1)).toMatchObject([
    { type: "virtio-blk-ccw", drive: { file: "a.img", readOnly: false } },
    { type: "virtio-blk-ccw", drive: { file: "b,,c.img", readOnly: false } },
    { type: "virtio-blk-ccw", drive: { file: "d.iso", readOnly: true } },
  ]);
});

test.for([
  ["-nographic", [["serial0", { backend: "stdio", escapes: true }]], ["sclpconsole"]],
  ["", [["serial0", { backend: "stdio", escapes: true }]], ["sclpconsole"]],
  ["-nodefaults -nographic", [], []],
  ["-display none", [], []],
  ["-serial none", [], []],
  [
    "-serial null -serial stdio",
    [
      ["serial0", { backend: "null" }],
      ["serial1", { backend: "stdio", escapes: false }],
    ],
    ["sclpconsole", "sclplmconsole"],
  ],
  ["-serial file:out", [["serial0", { backend: "file", path: "out", append: false }]], ["sclpconsole"]],
  [
    "-nodefaults -chardev stdio,id=c,mux=on -device sclplmconsole,chardev=c,id=con",
    [["c", { backend: "stdio", escapes: true }]],
    ["sclplmconsole"],
  ],
  [
    "-chardev file,id=c,path=a,,b,append=on -serial chardev:c",
    [["c", { backend: "file", path: "a,b", append: true }]],
    ["sclpconsole"],
  ],
] as const)("consoles of `%s`", ([line, devices, types]) => {
  const { layer, characterDevices } = run(line);
  expect([...characterDevices]).toEqual(devices);
  expect(layer.devices?.map(({ type }) => type)).toEqual(types);
});

const plainDrive = {
  file: "d.img",
  format: "raw",
  guessed: false,
  readOnly: false,
  cache: "writeback",
  discard: false,
  snapshot: false,
};

test.for([
  ["-drive file=d.img,if=none,id=d,format=raw -device virtio-blk-ccw,drive=d", {}],
  [
    "-drive file=d.img,if=none,id=d,format=qcow2,readonly=on -device virtio-blk,drive=d",
    { format: "qcow2", readOnly: true },
  ],
  [
    "-drive file=d.img,if=none,id=d,format=raw,cache=none,discard=unmap -device virtio-blk,drive=d",
    { discard: true },
  ],
  [
    "-drive file=d.img,if=none,id=d,format=raw,cache=directsync -device virtio-blk,drive=d",
    { cache: "writethrough" },
  ],
  ["-snapshot -drive file=d.img,if=none,id=d,format=raw -device virtio-blk,drive=d", { snapshot: true }],
  ["-drive file=d.img,format=raw", {}],
  ["-drive file=d.img", { guessed: true }],
  ["-blockdev driver=file,filename=d.img,node-name=f -device virtio-blk,drive=f", {}],
  [
    "-blockdev file,filename=d.img,node-name=f -blockdev qcow2,node-name=q,file=f,read-only=on -device virtio-blk,drive=q",
    { format: "qcow2", readOnly: true },
  ],
  [
    `-blockdev '{"driver":"raw","node-name":"r","file":{"driver":"file","filename":"d.img"},"cache":{"no-flush":true}}' -device virtio-blk,drive=r`,
    { cache: "unsafe" },
  ],
  [
    "-blockdev file,filename=d.img,node-name=f,read-only=on,aio=threads -blockdev raw,node-name=r,file=f,discard=unmap -device virtio-blk,drive=r",
    { readOnly: true, discard: true },
  ],
] as const)("%s", ([line, differs]) => {
  const { layer } = run(`-nodefaults ${line}`);
  expect(layer.devices).toEqual([{ type: "virtio-blk-ccw", drive: { ...plainDrive, ...differs } }]);
});

test("ports of virtio-serial belong to the device before them, or to the one that they name", () => {
  const { layer } = run(
    "-nodefaults -chardev null,id=a -chardev null,id=b -chardev null,id=c -device virtio-serial-ccw,id=s0 " +
      "-device virtconsole,chardev=a -device virtio-serial,id=s1 -device virtserialport,chardev=b,name=org.b " +
      "-device virtserialport,chardev=c,bus=s0.0",
  );
  const port = (chardev: string, console: boolean, name = "") => ({ chardev, console, name });
  expect(layer.devices).toEqual([
    { type: "virtio-serial-ccw", id: "s0", ports: [port("a", true), port("c", false)] },
    { type: "virtio-serial-ccw", id: "s1", ports: [port("b", false, "org.b")] },
  ]);
});

test("devices that come with their number, their properties and a source of random bytes", () => {
  const { layer, notes } = run(
    "-nodefaults -object rng-random,id=r,filename=/dev/urandom -device virtio-rng-ccw,rng=r,devno=fe.0.0042,iommu_platform=off " +
      "-drive file=d.img,if=none,id=d -device virtio-blk-ccw,drive=d,serial=A1,num-queues=2,logical_block_size=4096",
  );
  expect(layer.devices).toEqual([
    { type: "virtio-rng-ccw", at: "fe.0.0042", iommu_platform: false },
    {
      type: "virtio-blk-ccw",
      serial: "A1",
      "num-queues": 2,
      logical_block_size: 4096,
      drive: { ...plainDrive, guessed: true },
    },
  ]);
  expect(notes).toEqual(["image format was not specified for 'd.img' and probing guessed raw"]);
});

test("interfaces and their networks", () => {
  const { layer, notes } = run(
    "-nodefaults -netdev user,id=n0,hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:53-:53,restrict=on,net=10.9.0.0/16 " +
      "-device virtio-net-ccw,netdev=n0,devno=fe.0.0100,mac=52:54:00:11:22:33 " +
      "-nic user,model=virtio,mac=52:54:00:11:22:34,hostname=guest -nic none -netdev user,id=lonely",
  );
  expect(layer.devices).toEqual([
    {
      type: "virtio-net-ccw",
      at: "fe.0.0100",
      mac: "52:54:00:11:22:33",
      netdev: {
        kind: "user",
        hostfwd: ["tcp::2222-:22", "udp:127.0.0.1:53-:53"],
        restrict: true,
        net: "10.9.0.0/16",
      },
    },
    { type: "virtio-net-ccw", mac: "52:54:00:11:22:34", netdev: { kind: "user", hostname: "guest" } },
  ]);
  expect(notes).toEqual(["-netdev 'lonely' has no peer"]);
});

test("shared folders", () => {
  const { layer } = run(
    "-nodefaults -fsdev local,id=f,path=/srv,security_model=passthrough,readonly=on " +
      "-device virtio-9p-ccw,fsdev=f,mount_tag=srv -virtfs local,path=.,mount_tag=here,security_model=none,id=x",
  );
  expect(layer.devices).toEqual([
    {
      type: "virtio-9p-ccw",
      mount_tag: "srv",
      fsdev: { path: "/srv", readOnly: true, securityModel: "passthrough" },
    },
    {
      type: "virtio-9p-ccw",
      mount_tag: "here",
      fsdev: { path: ".", readOnly: false, securityModel: "none" },
    },
  ]);
});

test("JSON forms of -object and -device", () => {
  const { layer } = run(
    `-nodefaults -machine confidential-guest-support=a -object '{"qom-type":"s390-pv-guest","id":"a"}' ` +
      `-chardev null,id=n -device '{"driver":"sclpconsole","id":"x","chardev":"n"}'`,
  );
  expect(layer.protection?.requested).toBe(true);
  expect(layer.devices).toEqual([{ type: "sclpconsole", id: "x", chardev: "n" }]);
});

test("huge pages behind storage are recognised, by whichever option", () => {
  const backing = (line: string): unknown => run(line).layer.storage?.backing;
  expect(backing("-mem-path /dev/hugepages")).toBe("huge-pages");
  expect(backing("-mem-path .")).toBeUndefined();
  const memfd = "-m 256 -machine memory-backend=m -object memory-backend-memfd,id=m,size=256M";
  expect(backing(`${memfd},hugetlb=on`)).toBe("huge-pages");
  expect(backing(`${memfd},hugetlb=off`)).toBeUndefined();
});

test.for([
  ["-cpu host", /-cpu host means max here/],
  ["-accel kvm", /there is no KVM here/],
  ["-enable-kvm", /there is no KVM here/],
  ["-display none", /the guest has no console/],
] as const)("`%s` is accepted with a note", ([line, note]) => {
  expect(run(line).notes).toEqual([expect.stringMatching(note)]);
});

test.for([
  ["-fsdev local,path=.,security_model=none", "LF-QEMU-003", /Parameter 'id' is missing/],
  ["-fsdev local,id=f,security_model=none", "LF-QEMU-003", /path=\.\.\. is missing|no path/],
  ["-fsdev local,id=f,path=.", "LF-QEMU-003", /security model not specified/],
  ["-fsdev local,id=f,path=.,security_model=mapped-xattr", "LF-UNIMPLEMENTED", /mapped-xattr/],
  ["-fsdev proxy,id=f", "LF-QEMU-003", /fsdriver 'proxy' not found|fsdriver proxy/],
  ["-device virtio-9p-ccw,fsdev=f,mount_tag=t", "LF-QEMU-003", /couldn't find fsdev with the id = f/],
  ["-virtfs local,path=.,security_model=none", "LF-QEMU-003", /mount_tag/],
  ["-netdev user", "LF-QEMU-003", /Parameter 'id' is missing/],
  ["-netdev user,id=n,foo=1", "LF-QEMU-003", /Invalid parameter 'foo'/],
  ["-netdev user,id=n -netdev user,id=n", "LF-QEMU-003", /Duplicate ID 'n' for netdev/],
  ["-device virtio-net-ccw,netdev=n", "LF-QEMU-003", /virtio-net-ccw\.netdev' can't find value 'n'/],
  [
    "-netdev user,id=n -device virtio-net,netdev=n -device virtio-net,netdev=n",
    "LF-QEMU-003",
    /can't take value 'n', it's in use/,
  ],
  ["-nic user,model=e1000", "LF-QEMU-003", /Unsupported NIC model: e1000/],
  ["-frobnicate", "LF-QEMU-001", /^-frobnicate: invalid option$/],
  ["-nograpic", "LF-QEMU-001", /did you mean `nographic`/],
  ["-m", "LF-QEMU-002", /^-m: requires an argument$/],
  ["-m 0", "LF-QEMU-004", /^-m 0: memory size must be greater than zero$/],
  ["-m 17T", "LF-QEMU-004", /ram size too large/],
  ["-m 513K", "LF-QEMU-004", /not a multiple of 1 MiB; try '1M'/],
  ["-m lots", "LF-QEMU-003", /Parameter 'size' expects a non-negative number/],
  ["-m 512,slots=2,foo=1", "LF-QEMU-003", /Invalid parameter 'foo'/],
  ["-smp 0", "LF-QEMU-005", /CPU topology parameters must be greater than zero/],
  ["-smp 249", "LF-QEMU-005", /Invalid SMP CPUs 249\. The max CPUs/],
  [
    "-smp 4,sockets=2,cores=1,maxcpus=4",
    "LF-QEMU-005",
    /product of the hierarchy must match maxcpus: .*!= maxcpus \(4\)/,
  ],
  ["-smp 4,maxcpus=2", "LF-QEMU-005", /maxcpus must be equal to or greater than smp/],
  ["-smp 2,dies=2", "LF-QEMU-005", /dies > 1 not supported/],
  ["-smp 2,wings=2", "LF-QEMU-003", /Parameter 'wings' is unexpected/],
  ["-smp 1,maxcpus=2", "LF-UNIMPLEMENTED", /CPU hot plug/],
  ["-machine pc", "LF-QEMU-006", /unsupported machine type: "pc"/],
  ["-machine s390-ccw-virtio,frob=on", "LF-QEMU-007", /Property 's390-ccw-virtio-machine\.frob' not found/],
  ["-machine accel=whpx", "LF-QEMU-006", /invalid accelerator whpx/],
  ["-machine confidential-guest-support=pv0", "LF-QEMU-008", /Device 'pv0' not found/],
  [
    "-machine confidential-guest-support=pv1 -object s390-pv-guest,id=pv0",
    "LF-QEMU-008",
    /Device 'pv1' not found \(did you mean `pv0`\?\)/,
  ],
  [
    "-machine confidential-guest-support=m -object memory-backend-ram,id=m,size=1G",
    "LF-QEMU-008",
    /Invalid parameter type for 'confidential-guest-support'/,
  ],
  ["-object s390-pv-guest", "LF-QEMU-003", /Parameter 'id' is missing/],
  [
    "-object s390-pv-gues,id=a",
    "LF-QEMU-008",
    /does not accept value 's390-pv-gues' \(did you mean `s390-pv-guest`\?\)/,
  ],
  ["-object s390-pv-guest,id=a,colour=red", "LF-QEMU-003", /Property 's390-pv-guest\.colour' not found/],
  ["-object s390-pv-guest,id=a -object s390-pv-guest,id=a", "LF-QEMU-008", /duplicate property 'a'/],
  ["-object rng-random,id=r,filename=/etc/hosts", "LF-UNIMPLEMENTED", /rng-random with filename/],
  ["-object secret,id=r", "LF-UNIMPLEMENTED", /the object secret/],
  ["-object '{bad'", "LF-QEMU-003", /JSON parse error/],
  ["-machine memory-backend=m", "LF-QEMU-008", /Memory backend 'm' not found/],
  [
    "-m 1G -machine memory-backend=m -object memory-backend-ram,id=m,size=2G",
    "LF-QEMU-004",
    /does not match the size of the memory backend/,
  ],
  ["-object memory-backend-ram,id=m", "LF-QEMU-004", /doesn't take value '0'/],
  ["-object memory-backend-file,id=m,size=1G", "LF-QEMU-003", /mem-path property not set/],
  ["-mem-path /nowhere/at/all", "LF-QEMU-015", /can't open backing store .*: No such file or directory/],
  ["-cpu z99", "LF-QEMU-009", /unable to find CPU model 'z99'/],
  [
    "-cpu gen15a,unpak=on",
    "LF-QEMU-010",
    /Property 'gen15a-s390x-cpu\.unpak' not found \(did you mean `unpack`\?\)/,
  ],
  ["-cpu gen15a,unpack=maybe", "LF-QEMU-003", /Parameter 'unpack' expects 'on' or 'off'/],
  ["-device", "LF-QEMU-002", /requires an argument/],
  ["-device sclpconsole", "LF-QEMU-011", /parameter 'chardev' is missing/],
  ["-device sclpconsole,chardev=c9", "LF-QEMU-011", /Property 'sclpconsole\.chardev' can't find value 'c9'/],
  [
    "-device sclpconsole,chardve=c9",
    "LF-QEMU-012",
    /Property 'sclpconsole\.chardve' not found \(did you mean `chardev`\?\)/,
  ],
  ["-chardev stdio", "LF-QEMU-003", /Parameter 'id' is missing/],
  ["-chardev magic,id=a", "LF-QEMU-011", /'magic' is not a valid char driver name/],
  ["-chardev socket,id=a", "LF-UNIMPLEMENTED", /the character device socket/],
  ["-chardev stdio,id=a,flavour=1", "LF-QEMU-003", /Invalid parameter 'flavour'/],
  ["-chardev file,id=a", "LF-QEMU-003", /no filename given/],
  ["-chardev stdio,id=a -chardev null,id=a", "LF-QEMU-011", /Duplicate ID 'a' for chardev/],
  ["-nographic -chardev stdio,id=a", "LF-QEMU-011", /cannot use stdio by multiple character devices/],
  ["-serial tcp::4444", "LF-UNIMPLEMENTED", /-serial tcp::4444/],
  ["-serial banana", "LF-QEMU-011", /could not connect serial device to character backend 'banana'/],
  ["-serial null -serial null -serial null", "LF-QEMU-011", /two serial devices at most/],
  ["-initrd i", "LF-QEMU-013", /-initrd only allowed with -kernel option/],
  ["-append x", "LF-QEMU-013", /-append only allowed with -kernel option/],
  ["-display gtk", "LF-QEMU-014", /there is no graphical display here/],
  ["-uuid 12", "LF-QEMU-003", /failed to parse UUID/],
  ["-action panic=none", "LF-QEMU-003", /panic=none is not supported/],
  ["-drive if=none,id=d", "LF-UNIMPLEMENTED", /a drive without a medium/],
  ["-drive file=x,fromat=raw", "LF-QEMU-003", /Invalid parameter 'fromat' \(did you mean `format`\?\)/],
  ["-drive file=x,if=ide", "LF-QEMU-003", /unsupported bus type 'ide'/],
  ["-drive file=x,cache=mostly", "LF-QEMU-003", /invalid cache option/],
  ["-drive file=x,werror=stop", "LF-UNIMPLEMENTED", /werror=stop of a drive/],
  ["-drive file=x,rerror=maybe", "LF-QEMU-003", /invalid rerror option/],
  ["-drive file=x,if=none,id=d -drive file=y,if=none,id=d", "LF-QEMU-003", /Duplicate ID 'd' for drive/],
  ["-device virtio-blk-ccw", "LF-QEMU-003", /drive property not set/],
  [
    "-drive file=x,if=none,id=disk0 -device virtio-blk-ccw,drive=disk1",
    "LF-QEMU-003",
    /can't find value 'disk1' \(did you mean `disk0`\?\)/,
  ],
  [
    "-drive file=x,if=none,id=d -device virtio-blk,drive=d -device virtio-blk,drive=d",
    "LF-QEMU-003",
    /Drive 'd' is already in use/,
  ],
  [
    "-netdev user,id=n -device virtio-net-ccw,netdev=n,bootindex=1 -drive file=x,if=none,id=d -device virtio-blk,drive=d,bootindex=1",
    "LF-QEMU-003",
    /The bootindex 1 has already been used/,
  ],
  ["-blockdev driver=file,filename=x", "LF-QEMU-003", /'node-name' must be specified/],
  ["-blockdev '{bad'", "LF-QEMU-003", /JSON parse error/],
  ["-blockdev node-name=f,filename=x", "LF-QEMU-003", /Parameter 'driver' is missing/],
  ["-blockdev nbd,node-name=f,host=h", "LF-UNIMPLEMENTED", /the block driver 'nbd'/],
  ["-blockdev raw,node-name=f,file.filename=x,offset=512", "LF-QEMU-003", /Invalid parameter 'offset'/],
  ["-blockdev file,node-name=f,filename=x,discard=maybe", "LF-QEMU-003", /not accept value 'maybe'/],
  ["-blockdev qcow2,node-name=q,file=f,backing=b", "LF-UNIMPLEMENTED", /backing= of a node/],
  [
    `-blockdev '{"driver":"qcow2","node-name":"q","file":"f","backing":null}'`,
    "LF-UNIMPLEMENTED",
    /backing= of a node/,
  ],
  ["-snapshot -blockdev file,filename=x,node-name=f", "LF-QEMU-003", /-snapshot is incompatible/],
  ["-blockdev raw,node-name=a,file=b -device virtio-blk,drive=a", "LF-QEMU-003", /Cannot find device/],
  ["-blockdev raw,node-name=a -device virtio-blk,drive=a", "LF-QEMU-003", /Parameter 'filename' is missing/],
  ["-chardev null,id=c -device virtconsole,chardev=c", "LF-QEMU-012", /No 'virtio-serial-bus' bus found/],
  [
    "-chardev null,id=c -device virtio-serial,id=a -device virtconsole,chardev=c,bus=b.0",
    "LF-QEMU-012",
    /Bus 'b\.0' not found/,
  ],
  ["-device virtio-serial -device virtconsole", "LF-QEMU-011", /parameter 'chardev' is missing/],
  ["-device virtio-serial -device virtconsole,chardev=x", "LF-QEMU-011", /can't find value 'x'/],
  [
    "-chardev null,id=c -device virtio-serial -device virtserialport,chardev=c,nam=x",
    "LF-QEMU-012",
    /'virtserialport\.nam' not found/,
  ],
  ["-device virtio-rng-ccw,rng=r", "LF-QEMU-008", /Device 'r' not found/],
  ["-boot menu=maybe", "LF-QEMU-003", /'menu' expects 'on' or 'off'/],
  ["-boot splash-time=4294967296", "LF-QEMU-003", /splash-time is too large/],
  ["-watchdog-action explode", "LF-QEMU-003", /-watchdog-action explode: invalid value/],
  ["-boot menus=on", "LF-QEMU-003", /Invalid parameter 'menus' \(did you mean `menu`\?\)/],
  ["-M loadparm=123456789", "LF-QEMU-016", /up to 8 characters/],
  ["-M loadparm=a_b", "LF-QEMU-016", /invalid character '_'/],
  ["-monitor stdio", "LF-UNIMPLEMENTED", /the option -monitor stdio/],
  ["-timeout soon", "LF-CLI-002", /`soon` is no duration/],
] as const)("`%s` is refused with %s", ([line, code, message]) => {
  expect(() => run(line)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

test("options that change nothing here pass", () => {
  const { layer } = run(
    "-net none -nic none -vga none -monitor none -parallel none -msg timestamp=on -sandbox on",
  );
  expect(layer.devices).toHaveLength(1);
  expect(run("-action reboot=shutdown").layer.onReboot).toBe("stop");
});

test.for([
  ["-h", "command"],
  ["-version", "version"],
  ["-cpu help", "cpu"],
  ["-M ?", "machine"],
  ["-device help -kernel x", "device"],
] as const)("`%s` asks for help", ([line, topic]) => {
  expect(translate(words(line), definitions)).toEqual({ kind: "help", topic });
});
