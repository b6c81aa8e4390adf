"""Two nodes that run the installed ha-suite under systemd, and one group that tells what is done to it."""
import json
import time

from cases import check
from machine import Image, Node, lay_cables, run
from watch import TimeUp, Watch

UNIT = 'ha-suite.service'
ADDRESS = '10.77.0.100'
DAEMON = 'test-daemon.service'  # a systemd unit in the group
KEEPALIVE_MS = 100
DEADTIME = 1.5  # seconds
GRACE = 2.0     # what a takeover may take besides deadtime
PATIENCE = 60.0 # for what has no deadline of its own; a broken test ends

HA_CF = f'''keepalive {KEEPALIVE_MS}ms
deadtime {int(DEADTIME * 1000)}ms
warntime {int(DEADTIME * 500)}ms
initdead 3
bcast eth0 eth1
auto_failback off
node node1 node2
'''
HARESOURCES = f'node1 {ADDRESS}/24/eth0 {DAEMON} recorder::service\n'
AUTHKEYS = 'auth 1\n1 hmac-sha256 a-key-of-the-tests-only\n'

# A service: a process that lives in the unit's control group, and an agent that says what it was told
# and whether that of the group which is left of it was there at that moment.
RECORDER = f'''#!/bin/bash
pid_file=/run/recorder.pid
alive() {{ [ -s $pid_file ] && kill -0 "$(cat $pid_file)" 2>/dev/null; }}
tell() {{
    local address=without
    ! ip -o addr show | grep -q ' {ADDRESS}/' || address=with
    echo "$(uname -n) $1 $address $(systemctl is-active {DAEMON})" >/srv/test/events
}}
case $2 in
    start)
        alive || {{ sleep infinity </dev/null >/dev/null 2>&1 & echo $! >$pid_file; }}
        tell start ;;
    stop)
        ! alive || kill "$(cat $pid_file)"
        rm -f $pid_file
        tell stop ;;
    status) if alive; then echo running; else echo stopped; fi ;;
esac
'''

DAEMON_UNIT = '''[Unit]
Description=A service that knows nothing of clusters

[Service]
ExecStart=/bin/sleep infinity
'''

# What ifupdown, networkd or NetworkManager do on a real host.
NETWORK_UNIT = '''[Unit]
Description=Addresses of the test's host
DefaultDependencies=no
After=systemd-remount-fs.service
Before=network.target network-online.target shutdown.target
Wants=network.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '. /etc/test-network; for i in 0 1; do ip link set eth$i up; ip addr add 10.77.$i.$NUMBER/24 dev eth$i; done'
ExecStop=/bin/sh -c 'for i in 0 1; do ip link set eth$i down; done'

[Install]
WantedBy=network-online.target
'''


def meson_install(build):
    """What `meson install` does, for make_image()."""
    def install(image):
        run('meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--strip', '--destdir', image.root)
        image.chroot('systemd-sysusers', 'ha-suite.conf')
        image.chroot('journalctl', '--update-catalog')
    return install


def make_image(install, scratch):
    """This machine with ha-suite installed, configured and enabled."""
    image = Image(scratch)
    image.forget_services()
    install(image)
    image.write('/etc/ha.d/ha.cf', HA_CF)
    image.write('/etc/ha.d/haresources', HARESOURCES)
    image.write('/etc/ha.d/authkeys', AUTHKEYS, 0o600)
    image.write('/etc/ha.d/resource.d/recorder', RECORDER, 0o755)
    image.write('/etc/systemd/system/test-network.service', NETWORK_UNIT)
    image.write(f'/etc/systemd/system/{DAEMON}', DAEMON_UNIT)
    image.write('/etc/hosts', '127.0.0.1 localhost\n10.77.0.1 node1\n10.77.0.2 node2\n')
    image.remove('/var/log/journal')
    image.remove('/usr/sbin/policy-rc.d')
    image.chroot('systemctl', 'enable', '--quiet', 'test-network.service', UNIT)
    image.freeze()
    return image


class Cluster:
    def __init__(self, install, scratch):
        """`install(image)` puts ha-suite there. `scratch`: a directory of scratch_directory()."""
        self.shared = scratch / 'shared'  # /srv/test on the nodes
        self.shared.mkdir()
        lay_cables()
        image = make_image(install, scratch / 'image')
        self.watch = Watch(self.shared / 'events')
        self.nodes = {}
        for number in (1, 2):
            node = Node(f'node{number}', number, image, scratch / f'node{number}', self.shared)
            node.write('/etc/test-network', f'NUMBER={number}\n')
            self.nodes[node.name] = node

    def boot(self, *names):
        for name in names or self.nodes:
            self.nodes[name].boot()
        for name in names or self.nodes:
            self.wait_booted(self.nodes[name])

    def wait_booted(self, node):
        """Until the boot is over; from then on the node is followed (its journal: from the beginning)."""
        while node.call('systemctl', 'is-system-running', '--wait')[1].strip() not in ('running', 'degraded'):
            if not node.is_on():
                raise RuntimeError(f'{node.name} went off while it booted')
        self.watch.follow(node)

    def close(self):
        for node in self.nodes.values():
            node.power_off()

    # --- judging ----------------------------------------------------------------------------------

    def scripts(self, since=0.0):
        """What the service was told: (node, verb, its address, its daemon)..."""
        return [(e.node, *e.what.split()) for e in self.watch.so_far()
                if e.kind == 'script' and e.at >= since and 'modprobe' not in e.what]

    def check_one_owner(self, going_off=()):
        """In all that happened so far: nobody was told to start before the other had been told to stop,
        and what was left of the service was there before it and after it. (A host that goes off: there
        systemd stops all units at once, also those of groups.)"""
        holder = None
        for node, verb, address, daemon in self.scripts():
            # Told to stop what does not run here: what cleans up after a crash does that, to be sure.
            if verb == 'stop' and holder != node:
                continue
            check(address == 'with', f'{node}: {verb} of the service without its address')
            check(daemon == 'active' or verb == 'stop' and node in going_off,
                  f'{node}: {verb} of the service, and {DAEMON} is {daemon}')
            check(verb == 'stop' or holder in (None, node), f'{node} starts what {holder} has not stopped')
            holder = node if verb == 'start' else None

    def other(self, name):
        return next(n for n in self.nodes if n != name)

    def settle(self):
        """Both nodes up, and the group somewhere: its name."""
        for node in self.nodes.values():
            if node.show(UNIT, 'ActiveState') != 'active':
                node.run('systemctl', 'start', UNIT)
        return self.wait_for_owner()

    # --- what the cluster says ------------------------------------------------------------------

    def owner(self):
        """Where the group runs, if both nodes say the same."""
        said = set()
        for node in self.nodes.values():
            code, text = node.call('hactl', 'status', '--json')
            if code != 0:
                return None
            group = json.loads(text)['groups'][0]
            said.add(group['owner'] if group['state'] == 'running' else None)
        return said.pop() if len(said) == 1 else None

    def in_maintenance(self):
        """Does every node say so?"""
        return all(json.loads(node.run('hactl', 'status', '--json'))['groups'][0]['maintenance']
                   for node in self.nodes.values())

    # --- waiting ----------------------------------------------------------------------------------

    def journal(self, node, event, since, seconds=PATIENCE, **fields):
        return self.watch.wait(
            lambda e: e.kind == 'journal' and e.node == node and e.what == event and e.at >= since
            and all(e.fields.get(k) == v for k, v in fields.items()),
            seconds, f'{event} {fields} on {node}')

    def script(self, verb, since, node=None, seconds=PATIENCE):
        return self.watch.wait(
            lambda e: e.kind == 'script' and e.what.split()[0] == verb and e.at >= since
            and node in (None, e.node), seconds, f'the service is told {verb} on {node or "any node"}')

    def address(self, sign, since, node=None, seconds=PATIENCE):
        return self.watch.wait(
            lambda e: e.kind == 'address' and e.what == sign + ADDRESS and e.at >= since
            and node in (None, e.node), seconds, f'{sign}{ADDRESS} on {node or "any node"}')

    def _poll(self, look, seconds, why):
        """For what has no event of its own: asks again at every event of the nodes."""
        until = time.monotonic() + seconds
        while True:
            seen = len(self.watch.so_far())
            if (found := look()) is not None:
                return found
            if (left := until - time.monotonic()) <= 0:
                raise TimeUp(f'not within {seconds} s: {why}')
            self.watch.more_than(seen, min(left, 0.5))

    def wait_for_owner(self, seconds=PATIENCE):
        return self._poll(self.owner, seconds, 'both nodes say that the group runs on one of them')

    def wait_active(self, node, seconds=PATIENCE):
        self._poll(lambda: True if node.show(UNIT, 'ActiveState') == 'active' else None, seconds,
                   f'{UNIT} is active on {node.name}')

    def print_journals(self, since):
        for e in self.watch.so_far():
            if e.at < since:
                continue
            text = e.fields.get('MESSAGE', e.what)
            print(f'    {e.at - since:8.3f} {e.node} {e.fields.get("SYSLOG_IDENTIFIER", e.kind)}: {text}')
