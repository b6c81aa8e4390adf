"""Nodes with systemd as process 1, made from this machine's own root: nothing is downloaded.

An Image is an overlay of / with changes in it (an installation, configuration); a Node is a boot of
one, in its own mount, PID, network, UTS, IPC and cgroup namespaces, with a disk of its own above the
image. The caller is expected to sit in a network namespace and a mount namespace of its own
(enter_namespaces()): that network namespace is the switch that the nodes' cables end in, and all
mounts vanish with it. Nothing here touches the machine; a node dies with the process that made it.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
SYSTEMD = '/lib/systemd/systemd'
CABLES = ('eth0', 'eth1')
PR_SET_PDEATHSIG = 1
ENTERED = 'HA_SUITE_TEST_NAMESPACES'


def run(*command, **options):
    """A command that has to succeed; returns what it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(map(str, command))}: exit code {done.returncode}\n{done.stdout}')
    return done.stdout


def enter_namespaces():
    """Starts this program again in network and mount namespaces of its own, once."""
    if os.environ.get(ENTERED) == '1':
        return
    os.environ[ENTERED] = '1'
    os.execvp('unshare', ['unshare', '--net', '--mount', '--propagation', 'private', '--',
                          sys.executable, *sys.argv])


def scratch_directory():
    """In this mount namespace only: it goes with the process, and nothing is left on a disk. (And an
    overlay, which / may be, is no upper layer of another one.)"""
    run('mount', '-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', '/mnt')
    return pathlib.Path('/mnt')


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def find_cgroup_root():
    """Where the cgroup2 hierarchy is: /sys/fs/cgroup, or /sys/fs/cgroup/unified, or elsewhere."""
    with open('/proc/self/mounts', encoding='utf-8') as mounts:
        for line in mounts:
            _, target, kind, options = line.split()[:4]
            if kind == 'cgroup2' and 'rw' in options.split(','):
                return pathlib.Path(target)
    return None


def why_not():
    """Why such nodes cannot be had on this machine; empty when they can."""
    if os.geteuid() != 0:
        return 'not root'
    if not os.path.exists(SYSTEMD):
        return f'no {SYSTEMD}'
    if find_cgroup_root() is None:
        return 'no writable cgroup2 hierarchy is mounted'
    script = '''set -e
        mount -t tmpfs tmpfs "$1"; mkdir "$1/u" "$1/w" "$1/m"
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" "$1/m"
        mount -t proc proc "$1/m/proc"; mount -t sysfs -o ro sysfs "$1/m/sys"
        mount -t cgroup2 cgroup2 "$1/m/sys/fs/cgroup"
        ip link add ha-try type bridge'''
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            ['unshare', '--mount', '--propagation', 'private', '--uts', '--ipc', '--net', '--cgroup',
             '--pid', '--fork', 'sh', '-c', script, 'sh', scratch],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return '' if done.returncode == 0 else f'namespaces or overlays: {done.stderr.strip()}'


def write(path, text, mode=0o644):
    """A new file: of an overlay's, what a link leads to stays as it is below."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding='utf-8')
    path.chmod(mode)


def processes(group):
    """Every process in a control group and below it, by its PID on this machine."""
    pids = set()
    for procs in group.rglob('cgroup.procs'):
        with contextlib.suppress(OSError):
            pids.update(map(int, procs.read_text().split()))
    return pids


def overlay(lower, scratch, target):
    """Mounts `lower` (a list, the topmost first) with its changes in `scratch`."""
    for directory in (scratch / 'upper', scratch / 'work', target):
        directory.mkdir(parents=True, exist_ok=True)
    run('mount', '-t', 'overlay', 'overlay', '-o',
        f'lowerdir={":".join(map(str, lower))},upperdir={scratch / "upper"},workdir={scratch / "work"}',
        target)


class Image:
    """This machine's root with changes: mounted at `root` until frozen, then a lower layer."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.root = scratch / 'root'
        overlay(['/'], scratch, self.root)

    def path(self, name):
        return self.root / name.lstrip('/')

    def write(self, name, text, mode=0o644):
        write(self.path(name), text, mode)

    def remove(self, name):
        target = self.path(name)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def chroot(self, *command):
        return run('chroot', self.root, *command)

    def forget_services(self):
        """Boots into multi-user.target start nothing of what this machine has installed."""
        for wants in self.path('/etc/systemd/system').glob('*.wants'):
            shutil.rmtree(wants)
        for target in ('multi-user', 'graphical', 'timers', 'sockets'):
            self.remove(f'/lib/systemd/system/{target}.target.wants')
        # dbus.socket is what a host always has; init scripts of this machine would become units.
        self.path('/etc/systemd/system/sockets.target.wants').mkdir(parents=True)
        self.path('/etc/systemd/system/sockets.target.wants/dbus.socket').symlink_to(
            '/lib/systemd/system/dbus.socket')
        generators = self.path('/etc/systemd/system-generators')
        generators.mkdir(parents=True, exist_ok=True)
        for name in self.path('/lib/systemd/system-generators').iterdir():
            (generators / name.name).unlink(missing_ok=True)
            (generators / name.name).symlink_to('/dev/null')

    def freeze(self):
        run('umount', self.root)


def lay_cables():
    """The switches: one bridge for each interface of the nodes."""
    run('ip', 'link', 'set', 'lo', 'up')
    for cable in CABLES:
        run('ip', 'link', 'add', f'br-{cable}', 'type', 'bridge', 'mcast_snooping', '0',
            'forward_delay', '0')
        run('ip', 'link', 'set', f'br-{cable}', 'up')


# Process 1 of the node until systemd is: makes the node's root. $1 root, $2 name, $3 machine id,
# $4 a directory shared by all nodes. It waits for a line on its standard input (the cables).
INIT = r'''
set -e
root=$1 name=$2 id=$3 shared=$4
mount -t proc -o nosuid,noexec,nodev proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
[ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
for link in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${link%:*}" "$root/dev/${link#*:}"; done
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/srv/test"
mount --bind "$shared" "$root/srv/test"
rm -f "$root/etc/machine-id"
echo "$id" >"$root/etc/machine-id"
echo "$name" >"$root/etc/hostname"
hostname "$name"
echo ready
read -r _
ip link set lo up
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
# systemd leaves this to whoever made the container.
mount --make-rshared /
exec env -i container=ha-suite-test PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    /lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=false \
    systemd.unified_cgroup_hierarchy=1 </dev/null >/dev/null 2>&1
'''


class Node:
    """One host. Its disk (`scratch`) survives power_off() and boot()."""

    def __init__(self, name, number, image, scratch, shared):
        self.name = name
        self.number = number
        self.root = scratch / 'root'
        self.shared = shared
        self.machine_id = f'{os.getpid():016x}{number:016x}'
        self.cgroup = find_cgroup_root() / f'ha-suite-test-{os.getpid()}-{name}'
        self.unshare = None
        self.pid = 0
        self._followers = []
        overlay([image.scratch / 'upper', '/'], scratch, self.root)

    def boot(self):
        self.cgroup.mkdir(exist_ok=True)

        def join():
            die_with_parent()
            (self.cgroup / 'cgroup.procs').write_text(str(os.getpid()))

        self.unshare = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', '--uts', '--ipc', '--net', '--cgroup',
             '--pid', '--fork', '--kill-child', 'bash', '-c', INIT, 'node-init', self.root, self.name,
             self.machine_id, self.shared],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=join)
        if self.unshare.stdout.readline() != 'ready\n':
            raise RuntimeError(f'{self.name} did not boot: {self.unshare.communicate()[0]}')
        # The child of unshare: process 1 of the node, as seen from here.
        children = f'/proc/{self.unshare.pid}/task/{self.unshare.pid}/children'
        self.pid = int(pathlib.Path(children).read_text())
        for cable in CABLES:
            end = f'{self.name}-{cable}'
            run('ip', 'link', 'add', end, 'type', 'veth', 'peer', 'name', cable, 'netns', str(self.pid))
            run('ip', 'link', 'set', end, 'master', f'br-{cable}', 'up')
        self.unshare.stdin.write('go\n')
        self.unshare.stdin.flush()

    def write(self, name, text, mode=0o644):
        """On its disk (not /run, /tmp and /dev, which are its own)."""
        write(self.root / name.lstrip('/'), text, mode)

    def is_on(self):
        return self.unshare is not None and self.unshare.poll() is None

    def _join(self):
        die_with_parent()
        for group in ('init.scope', ''):
            with contextlib.suppress(OSError):
                (self.cgroup / group / 'cgroup.procs').write_text(str(os.getpid()))
                return

    def call(self, *command):
        """Exit code and output of a command in the node, as root, in a control group that it knows."""
        done = subprocess.run(
            ['nsenter', '-t', str(self.pid), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', 'env', '-i',
             f'PATH={PATH}', 'TERM=dumb', 'HOME=/root', 'LC_ALL=C.UTF-8', *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=self._join, check=False)
        return done.returncode, done.stdout

    def _follow(self, *command):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   preexec_fn=die_with_parent)
        self._followers.append(process)
        return process.stdout.fileno()

    # What follows a node is none of its processes: a shutdown would stop it, nsenter stop with it, and
    # the shutdown wait for both.

    def follow_addresses(self):
        """The descriptor of a pipe, one change a line; until the node goes off."""
        return self._follow('nsenter', '-t', str(self.pid), '-n', 'ip', '-o', 'monitor', 'address')

    def follow_journal(self):
        """The same: the journal from its beginning, as JSON."""
        return self._follow('journalctl', f'--directory=/proc/{self.pid}/root/run/log/journal', '--follow',
                            '--lines=all', '--output=json')

    def run(self, *command):
        code, output = self.call(*command)
        if code != 0:
            raise RuntimeError(f'{self.name}: {" ".join(command)}: exit code {code}\n{output}')
        return output

    def show(self, unit, name):
        """A property of a unit."""
        return self.run('systemctl', 'show', '--value', '--property', name, unit).strip()

    def unit_group(self, unit):
        """The directory of a running unit's control group, as seen from here."""
        group = self.show(unit, 'ControlGroup')
        if not group:
            raise RuntimeError(f'{self.name}: {unit} has no control group')
        return self.cgroup / group.lstrip('/')

    def power_off(self):
        """Pulls the plug."""
        if self.is_on():
            os.kill(self.pid, signal.SIGKILL)
        self.wait_gone()

    def wait_gone(self):
        """Waits for the end of process 1, and removes what is left of the node's life."""
        if self.unshare is None:
            return
        self.unshare.wait()
        for process in self._followers:
            process.kill()
            process.wait()
        for group in sorted(self.cgroup.rglob('*'), reverse=True):
            if group.is_dir():
                with contextlib.suppress(OSError):
                    group.rmdir()
        with contextlib.suppress(OSError):
            self.cgroup.rmdir()
