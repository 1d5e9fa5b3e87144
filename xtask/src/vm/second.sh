# The rest of the guest's start, on the host's file tree; then the work, whose output and exit status go out by
# ports of their own.
B=/run/vm/busybox
$B mkdir -p /dev/pts /dev/shm; $B mount -t devpts -o mode=600,ptmxmode=666 p /dev/pts; $B mount -t tmpfs s /dev/shm
$B mount -t tracefs t /sys/kernel/tracing; $B mount -t debugfs d /sys/kernel/debug
$B mount -t bpf b /sys/fs/bpf; $B mount -t cgroup2 c /sys/fs/cgroup; $B ln -sf /proc/self/fd /dev/fd
for i in 0:stdin 1:stdout 2:stderr; do $B ln -sf /proc/self/fd/${i%%:*} /dev/${i#*:}; done
$B ifconfig lo 127.0.0.1 up
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp LANG=C.UTF-8
port=$(echo /dev/vport*p1); port=${port%1}
exec 7>${port}2
$B sh /run/vm/work </dev/null >${port}1 2>&1 7>&-
echo "status $?" >&7
$B sync; $B reboot -f
