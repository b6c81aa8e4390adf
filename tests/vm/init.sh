#!/bin/busybox sh
# The first process of the virtual machine: one node of a cluster of two, alone, with the kernel's
# own softdog; then what the test asks for on the kernel's command line (case=...).
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /run /tmp /var/lib /etc/ha.d/resource.d
say() { echo "VM: $*"; }
case=$(sed 's/.*case=\([a-z-]*\).*/\1/' /proc/cmdline)
node=node1
grep -q node=node2 /proc/cmdline && node=node2
hostname $node
ip link set lo up
insmod /modules/dummy.ko numdummies=1
ip address add 10.1.1.1/24 broadcast 10.1.1.255 dev dummy0
ip link set dummy0 up
insmod /modules/watchdog.ko
insmod /modules/softdog.ko

cat > /etc/ha.d/ha.cf <<'C'
node node1 node2
keepalive 1s
deadtime 10s
initdead 12s
bcast dummy0
auto_failback on
watchdog /dev/watchdog
C
# Two machines, and nothing between them but a serial line.
if [ "$case" = serial ]; then
    cat > /etc/ha.d/ha.cf <<'C'
node node1 node2
keepalive 2s
deadtime 30s
initdead 60s
baud 19200
serial /dev/ttyS1
auto_failback off
C
fi
echo 'node1 10.1.1.100/24/dummy0 thing' > /etc/ha.d/haresources
printf 'auth 1\n1 hmac-sha256 a-key-of-the-virtual-machine\n' > /etc/ha.d/authkeys
chmod 600 /etc/ha.d/authkeys
cat > /etc/ha.d/resource.d/thing <<'C'
#!/bin/sh
case $1 in
    start)  : > /run/thing ;;
    stop)   if [ -e /run/stuck ]; then exit 1; else rm -f /run/thing; fi ;;
    status) if [ -e /run/thing ]; then echo running; else echo stopped; fi ;;
esac
C
chmod 755 /etc/ha.d/resource.d/thing

/suite/hb-master --config-dir /etc/ha.d --state-dir /var/lib/ha-suite --run-dir /run/ha-suite \
    --libexec-dir /suite --log stderr &
master=$!
if [ "$case" = serial ]; then
    until [ -e /run/thing ]; do sleep 0.2; done
    say "$node has the group"
    wait $master
fi
for i in $(seq 600); do [ -e /run/thing ] && break; sleep 0.1; done
[ -e /run/thing ] || { say "the suite did not start its group"; poweroff -f; }
say "case $case begins"
case $case in
    killed)      killall -9 hb-master hb-comm hb-membership hb-resource ;;
    master)      kill -9 $master ;;
    hangs)       killall -STOP hb-resource ;;
    stop)        kill $master; wait $master ;;
    stuck-stop)  : > /run/stuck; kill $master ;;
    runs)        ;;
    clock)       # wall-clock steps in either direction do nothing
        date -s '2031-01-01 00:00:00'; sleep 5; date -s '2001-01-01 00:00:00'; sleep 5
        [ -e /run/thing ] && ip address show dev dummy0 | grep -q 10.1.1.100 || { say lost it; poweroff -f; }
        ;;
esac
# The device runs off after eleven seconds, a stop that fails is tried for some ten more. An emulated
# machine on a busy host stands still for seconds: hence no shorter deadtime.
case $case in runs | clock | stop) sleep 30 ;; *) sleep 90 ;; esac
say "still alive"
poweroff -f
