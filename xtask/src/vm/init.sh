#!/bin/busybox sh
# The guest's first process: mounts the host's file tree, puts writable places over it, and goes on there.
B=/bin/busybox
$B mount -t proc p /proc; $B mount -t sysfs s /sys; $B mount -t devtmpfs d /dev
while read module; do $B insmod /m/$module || echo "cannot load $module"; done < /m/order
$B mount -t virtiofs -o ro root /mnt || { echo "cannot mount the host's files"; $B reboot -f; }
$B mkdir /lower; $B mount --bind /mnt /lower
for folder in tmp run var/tmp; do [ -d /mnt/$folder ] && $B mount -t tmpfs -o mode=1777 t /mnt/$folder; done
$B mkdir -p /mnt/run/vm; $B cp /bin/busybox /second /work /mnt/run/vm/
# What lies below the folders that were just covered, and is needed.
while read folder; do $B mkdir -p "/mnt$folder" && $B mount --bind "/lower$folder" "/mnt$folder"; done < /shown
$B umount /lower
for folder in proc sys dev; do $B mount --move /$folder /mnt/$folder; done
exec $B switch_root /mnt /run/vm/busybox sh /run/vm/second
