#!/usr/bin/env python3
"""The Debian package: installed, upgraded, removed and purged, first on a root without systemd running, then
on two hosts whose cluster is up (tests/systemd).

    package_test.py DIRECTORY [CASE]...

DIRECTORY has the package (build_package.py). The last line is "N passed, N failed"; exit code 77, with the
reason, where this machine cannot do it.
"""
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'systemd'))
import cases  # noqa: E402
import cluster as c  # noqa: E402
import machine  # noqa: E402
from cases import check  # noqa: E402

OLD, NEW = '0.0.9', '9.0.0'
OFFLINE, ONLINE = [], []


def offline(function):
    OFFLINE.append(function)
    return function


def online(function):
    ONLINE.append(function)
    return function


def repacked(package, version, directory):
    """The same package under another version."""
    tree = directory / f'tree-{version}'
    machine.run('dpkg-deb', '-R', package, tree)
    control = tree / 'DEBIAN/control'
    lines = control.read_text(encoding='utf-8').splitlines(keepends=True)
    control.write_text(''.join(f'Version: {version}\n' if line.startswith('Version:') else line
                               for line in lines), encoding='utf-8')
    target = directory / f'ha-suite_{version}.deb'
    machine.run('dpkg-deb', '--root-owner-group', '-Znone', '-b', tree, target)
    shutil.rmtree(tree)
    return target


def fake_heartbeat(directory):
    """What matters of Debian's heartbeat: its version, its files at the same places, its stop."""
    tree = directory / 'heartbeat'
    for name, text in {'DEBIAN/control': 'Package: heartbeat\nVersion: 1:3.0.6-13\nArchitecture: all\n'
                                         'Maintainer: nobody <nobody@example.org>\nDescription: -\n',
                       'DEBIAN/conffiles': '/etc/ha.d/resource.d/IPaddr\n/etc/init.d/heartbeat\n',
                       'etc/ha.d/resource.d/IPaddr': '#!/bin/sh\n',
                       'etc/init.d/heartbeat': '#!/bin/sh\n# of heartbeat\n',
                       'usr/bin/cl_status': '#!/bin/sh\n# of heartbeat\n'}.items():
        machine.write(tree / name, text)
    machine.write(tree / 'DEBIAN/prerm', '#!/bin/sh\necho "$*" >/heartbeat-prerm\n', 0o755)
    target = directory / 'heartbeat.deb'
    machine.run('dpkg-deb', '--root-owner-group', '-b', tree, target)
    shutil.rmtree(tree)
    return target


class Root:
    """A root directory of its own, without systemd running in it."""

    def __init__(self, debs, scratch):
        self.debs = debs
        self.image = machine.Image(scratch)
        self.image.forget_services()
        for name in ('/usr/sbin/policy-rc.d', '/etc/ha.d', '/var/lib/ha-suite'):
            self.image.remove(name)
        machine.run('mount', '-t', 'proc', 'proc', self.image.path('/proc'))
        (self.image.path('/srv/test')).mkdir(parents=True, exist_ok=True)
        machine.run('mount', '--bind', debs, self.image.path('/srv/test'))

    def dpkg(self, *arguments):
        return self.image.chroot('dpkg', '--no-triggers', '--force-confold', *arguments)

    def install(self, name):
        return self.dpkg('-i', f'/srv/test/{name}')

    def has(self, name):
        path = self.image.path(name)
        return path.exists() or path.is_symlink()

    def state(self, package):
        return self.image.chroot('dpkg-query', '-W', '-f', '${db:Status-Abbrev}', package).strip()


ENABLED = ['/etc/systemd/system/multi-user.target.wants/ha-suite.service',
           '/etc/systemd/system/heartbeat.service']
ADMINS = {'/etc/ha.d/ha.cf': c.HA_CF, '/etc/ha.d/haresources': c.HARESOURCES, '/etc/ha.d/authkeys': c.AUTHKEYS}


@offline
def installs_on_a_clean_host(root):
    print(''.join(f'    {line}\n' for line in root.install(f'ha-suite_{OLD}.deb').splitlines()), end='')
    for name in ('/usr/bin/hactl', '/usr/lib/ha-suite/hb-master', '/usr/share/man/man8/hactl.8.gz',
                 '/usr/lib/systemd/catalog/ha-suite.catalog',
                 '/usr/share/doc/ha-suite/examples/ha.cf', '/usr/share/bash-completion/completions/hactl',
                 '/etc/ha.d/resource.d', '/etc/ha.d/rc.d', '/var/lib/ha-suite', '/etc/default/ha-suite', *ENABLED):
        check(root.has(name), f'{name} is not there')
    root.image.chroot('hactl', '--version')
    identity = root.image.chroot('id', 'hacluster')
    check('(haclient)' in identity, identity)
    check((root.image.path('/var/lib/ha-suite').stat().st_mode & 0o777) == 0o700, 'its mode')
    check(not root.has('/etc/ha.d/ha.cf'), 'a configuration that nobody wrote')


@offline
def an_upgrade_keeps_what_the_admin_wrote(root):
    for name, text in ADMINS.items():
        root.image.write(name, text, 0o600)
    root.image.write('/etc/default/ha-suite', 'UPGRADE=keep\n')
    root.image.write('/var/lib/ha-suite/generation', 'precious\n')
    root.install(f'ha-suite_{NEW}.deb')
    check(root.image.chroot('dpkg-query', '-W', '-f', '${Version}', 'ha-suite') == NEW, 'the version')
    for name, text in ADMINS.items():
        check(root.image.path(name).read_text() == text, f'{name} has changed')
    check(root.image.path('/etc/default/ha-suite').read_text() == 'UPGRADE=keep\n', 'the defaults changed')
    check(root.has('/var/lib/ha-suite/generation'), 'the generation is lost')


@offline
def remove_keeps_configuration_and_state(root):
    root.dpkg('--remove', 'ha-suite')
    check(root.state('ha-suite')[1] == 'c', root.state('ha-suite'))
    check(not root.has('/usr/lib/ha-suite/hb-master') and not root.has('/usr/bin/hactl'), 'programs are left')
    for name in [*ADMINS, '/etc/default/ha-suite', '/var/lib/ha-suite/generation']:
        check(root.has(name), f'{name} is gone')


@offline
def purge_leaves_the_admins_files_and_nothing_else(root):
    root.dpkg('--purge', 'ha-suite')
    for name in ADMINS:
        check(root.has(name), f'{name} is gone')
    for name in ['/var/lib/ha-suite', '/etc/default/ha-suite', *ENABLED]:
        check(not root.has(name), f'{name} is left')


@offline
def without_files_of_an_admin_nothing_is_left(root):
    for name in ADMINS:
        root.image.remove(name)
    root.install(f'ha-suite_{NEW}.deb')
    root.dpkg('--purge', 'ha-suite')
    check(not root.has('/etc/ha.d'), '/etc/ha.d is left')


@offline
def takes_the_place_of_heartbeat(root):
    root.install('heartbeat.deb')
    root.image.write('/etc/ha.d/ha.cf', c.HA_CF)
    root.install(f'ha-suite_{NEW}.deb')
    check(root.state('heartbeat')[1] == 'c', f'heartbeat is {root.state("heartbeat")}')
    check(root.image.path('/heartbeat-prerm').read_text().startswith('remove'), 'it was not stopped')
    check(root.image.path('/etc/ha.d/ha.cf').read_text() == c.HA_CF, 'ha.cf has changed')
    check(root.image.path('/usr/bin/cl_status').read_bytes().startswith(b'\x7fELF'), "heartbeat's cl_status")
    root.dpkg('--purge', 'heartbeat')
    check(root.has('/etc/ha.d/ha.cf'), 'ha.cf went with heartbeat')
    for name in ('/usr/bin/cl_status', '/etc/init.d/heartbeat', *ENABLED):
        check(root.has(name), f'{name} went with heartbeat')
    check('ha-suite.service' in root.image.chroot('cat', '/etc/init.d/heartbeat'), "heartbeat's init script")


def upgrade(node, policy, version):
    node.write('/etc/default/ha-suite', f'UPGRADE={policy}\n')
    text = node.run('dpkg', '--no-triggers', '--force-confold', '--force-downgrade', '-i',
                    f'/srv/test/ha-suite_{version}.deb')
    print(''.join(f'    {line}\n' for line in text.splitlines() if line.startswith('ha-suite:')), end='')
    return text


@online
def an_upgrade_restarts_nothing_by_itself(cluster):
    owner = cluster.settle()
    node = cluster.nodes[owner]
    master, began = node.show(c.UNIT, 'MainPID'), time.monotonic()
    text = upgrade(node, 'later', NEW)
    check('systemctl restart ha-suite' in text, 'it does not say what is left to do')
    check(node.show(c.UNIT, 'MainPID') == master, 'it was restarted')
    check(cluster.wait_for_owner() == owner and not cluster.scripts(began), 'the group was touched')
    node.run('systemctl', 'restart', c.UNIT)
    cluster.settle()


@online
def handover_moves_the_group_and_restarts(cluster):
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
    master, began = node.show(c.UNIT, 'MainPID'), time.monotonic()
    upgrade(node, 'handover', OLD)
    cluster.wait_active(node)
    check(node.show(c.UNIT, 'MainPID') != master, 'it was not restarted')
    check(cluster.wait_for_owner() == heir, 'the group is where it was')
    told = [(where, verb) for where, verb, *_ in cluster.scripts(began)]
    check(told == [(owner, 'stop'), (heir, 'start')], f'the service was told {told}')


@online
def handover_of_the_last_node_is_refused(cluster):
    owner = cluster.settle()
    node, away = cluster.nodes[owner], cluster.nodes[cluster.other(owner)]
    away.run('systemctl', 'stop', c.UNIT)
    master, began = node.show(c.UNIT, 'MainPID'), time.monotonic()
    text = upgrade(node, 'handover', NEW)
    check('not restarted' in text, 'it does not say that it was not restarted')
    check(node.show(c.UNIT, 'MainPID') == master, 'it was restarted')
    check(not cluster.scripts(began), f'the service was told {cluster.scripts(began)}')
    cluster.settle()


@online
def keep_restarts_and_the_group_runs_on(cluster):
    owner = cluster.settle()
    node = cluster.nodes[owner]
    service, master = node.run('cat', '/run/recorder.pid'), node.show(c.UNIT, 'MainPID')
    began = time.monotonic()
    upgrade(node, 'keep', OLD)
    check(node.show(c.UNIT, 'MainPID') != master, 'it was not restarted')
    check(cluster.wait_for_owner() == owner, 'the group moved')
    check(node.run('cat', '/run/recorder.pid') == service, 'another service')
    check(not cluster.scripts(began), f'the service was told {cluster.scripts(began)}')
    check(not cluster.in_maintenance(), 'the maintenance was not ended')
    # It is looked after again.
    node.run('sh', '-c', 'kill $(cat /run/recorder.pid)')
    cluster.script('start', began, owner)


@online
def keep_leaves_an_admins_maintenance_alone(cluster):
    owner = cluster.settle()
    node = cluster.nodes[owner]
    node.run('hactl', 'maintenance', 'on')
    master = node.show(c.UNIT, 'MainPID')
    upgrade(node, 'keep', NEW)
    check(node.show(c.UNIT, 'MainPID') != master, 'it was not restarted')
    check(cluster.wait_for_owner() == owner, 'the group moved')
    check(cluster.in_maintenance(), 'the maintenance of an admin was ended')
    node.run('hactl', 'maintenance', 'off')


@online
def removal_hands_over_first(cluster):
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
    began = time.monotonic()
    node.run('dpkg', '--no-triggers', '--remove', 'ha-suite')
    stopped = cluster.script('stop', began, owner)
    started = cluster.script('start', began, heir, c.GRACE)
    check(started.at - stopped.at < c.DEADTIME, 'the heir waited, as if this had been a crash')
    check(not node.call('pidof', 'hb-master')[1].strip(), 'it still runs')
    cluster.check_one_owner()
    # And back: installed, it waits to be started.
    began = time.monotonic()
    text = upgrade(node, 'later', NEW)
    check('hactl check' in text, 'it does not say what to do next')
    check(node.show(c.UNIT, 'ActiveState') == 'inactive', 'it started unasked')
    node.run('systemctl', 'start', c.UNIT)
    check(cluster.wait_for_owner() == heir, 'the group moved')


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    package = next(p for p in directory.glob('ha-suite_*.deb'))
    if reason := machine.why_not():
        print(f'skipped: {reason}')
        return 77
    machine.enter_namespaces()
    scratch = machine.scratch_directory()
    debs = scratch / 'debs'
    debs.mkdir()
    for version in (OLD, NEW):
        repacked(package, version, debs)
    fake_heartbeat(debs)
    root = Root(debs, scratch / 'offline')
    passed, failed = cases.run_cases(root, OFFLINE, sys.argv[2:])

    def install(image):
        image.path('/srv/test').mkdir(parents=True, exist_ok=True)
        shutil.copy2(debs / f'ha-suite_{OLD}.deb', image.path('/srv/test'))
        image.chroot('dpkg', '--no-triggers', '-i', f'/srv/test/ha-suite_{OLD}.deb')

    cluster = c.Cluster(install, scratch)
    for deb in debs.iterdir():
        shutil.move(deb, cluster.shared)
    return cases.run_all(cluster, ONLINE, sys.argv[2:], passed, failed)


if __name__ == '__main__':
    sys.exit(main())
