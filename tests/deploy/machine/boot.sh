#!/bin/sh
# Boot a throw-away machine: a real systemd over this one's files, of which it changes nothing.
#
# boot.sh FOLDER [THIS THERE]...: it has its files below FOLDER, in memory, and sees the folder THIS
# at THERE. Run it as root in namespaces of its own: mount, pid, net, uts, ipc, cgroup (machine.py).
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin # that of the tests may lead into /tmp, which the machine has anew
folder=$1
shift

mount --make-rprivate /
mount -t tmpfs -o mode=755 machine "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
cd "$folder/root"

mount -t proc proc proc
# It has the kernel of the machine below, and may not change its settings.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mkdir run/lock

# Devices that are no hardware: none of the kernel's own devtmpfs, which all machines share.
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
	touch "dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/shm dev/pts dev/mqueue
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

while [ $# -gt 0 ]; do
	mkdir -p ".$2"
	mount --bind "$1" ".$2"
	shift 2
done

ip link set lo up
# Not chroot, in which no sandbox could have users of its own (user_namespaces(7)).
mkdir mnt/below
pivot_root . mnt/below
umount --lazy mnt/below
# As systemd does by itself on hardware: credentials are mounted from elsewhere.
mount --make-rshared /
exec env -i container=namespaces PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
	/lib/systemd/systemd --system --unit=basic.target --log-target=journal
