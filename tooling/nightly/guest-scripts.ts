/** Scripts of the guests that install a disk and that boot from it. */

const MOUNTED = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_blk crc32c_generic ext4
`;
const DISK_THERE = `n=0
while [ ! -b /dev/vda1 ] && [ $n -lt 50 ]; do n=$((n + 1)); sleep 0.2; done
mkdir -p /target
`;

/**
 * Process 1 of the machine that installs: does the disk's own install script, and powers off.
 * @param prepare commands that partition the disk
 */
export const installer = (
  prepare: string,
): string => `${MOUNTED}${prepare}${DISK_THERE}mount -t ext4 /dev/vda1 /target || exit 1
for each in dev proc sys; do mkdir -p /target/$each; mount --bind /$each /target/$each; done
chroot /target /bin/sh /root/install.sh
echo "install ended with $?"
for each in sys proc dev; do umount /target/$each; done
umount /target && echo "target was unmounted"
poweroff -f
`;

/** Process 1 of the initial RAM disk with which the disk boots. */
export const FROM_DISK = `${MOUNTED}${DISK_THERE}mount -t ext4 /dev/vda1 /target || exit 1
umount /sys
umount /proc
mount --move /dev /target/dev
exec switch_root /target /sbin/init
`;

/** Process 1 on the small disk: a shell, and a disk that is left clean. */
export const SMALL_INIT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb PS1='# '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
protected=0
[ -r /sys/firmware/uv/prot_virt_guest ] && read -r protected < /sys/firmware/uv/prot_virt_guest
echo "root is $(awk '$2 == "/" && $3 == "ext4" { print $1 }' /proc/mounts), protected $protected"
setsid cttyhack sh
mount -o remount,ro / && echo "root is read-only"
poweroff -f
`;

const PARAMETERS = "root=/dev/vda1 console=ttysclp0";

/**
 * zipl's configuration: a plain kernel, and a Secure Execution image with everything sealed inside.
 * @param target lines that tell zipl of the disk
 */
export const ziplConfiguration = (target: string): string => `[defaultboot]
defaultmenu=menu

:menu
target=/boot
${target}1=plain
2=secure
default=1
prompt=0

[plain]
target=/boot
image=/boot/vmlinuz
ramdisk=/boot/initrd.img
parameters="${PARAMETERS} quiet cryptomgr.notests"

[secure]
target=/boot
image=/boot/secure.img
`;

/** Files that the host laid out have holes where they are zero; loaders read no holes. */
const WITHOUT_HOLES = `for each in $(find /boot -type f); do cat $each > /boot/whole && mv /boot/whole $each; done
sync
`;

/** zipl, on the disk, on itself. */
export const SMALL_INSTALL = `export PATH=/usr/sbin:/usr/bin
${WITHOUT_HOLES}mv /root/zipl.conf /etc/zipl.conf
zipl -V || exit 1
sync
`;

/**
 * systemd waits 90 s for the console's device and goes on without a login, and who logs in has 60 s for it: a busy host does
 * not always keep to either.
 */
const PATIENCE = "[Manager]\\nDefaultDeviceTimeoutSec=30min\\nDefaultTimeoutStartSec=30min\\n";

/** The second stage of debootstrap, which unmounts /proc and /sys, and what it leaves to be done. All runs on the disk. */
export const DEBIAN_INSTALL = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive
/debootstrap/debootstrap --second-stage || exit 1
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
for each in vmlinuz initrd.img; do ln -sf $(basename $(ls /boot/$each-* | tail -n 1)) /boot/$each || exit 4; done
rm -rf /var/lib/apt/lists/*
echo root:lockframe | chpasswd || exit 2
echo '/dev/vda1 / ext4 errors=remount-ro 0 1' > /etc/fstab
echo lockframe > /etc/hostname
printf '[Match]\\nType=ether\\n[Network]\\nDHCP=yes\\n' > /etc/systemd/network/ether.network
systemctl enable systemd-networkd
mkdir -p /etc/systemd/system.conf.d
printf '${PATIENCE}' > /etc/systemd/system.conf.d/patience.conf
sed -i 's/^LOGIN_TIMEOUT.*/LOGIN_TIMEOUT 1800/' /etc/login.defs
echo nameserver 10.0.2.3 > /etc/resolv.conf
${WITHOUT_HOLES}mv /root/zipl.conf /etc/zipl.conf
zipl -V || exit 3
sync
`;
