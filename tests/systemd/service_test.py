#!/usr/bin/env python3
"""ha-suite as a service: two nodes with systemd as process 1, the real unit, the installed tree.

    service_test.py BUILD_DIRECTORY [CASE]...

The last line is "N passed, N failed". Exit code 77, with the reason, where this machine cannot do it.
"""
import contextlib
import pathlib
import signal
import sys
import time
import traceback

import cluster as c
import machine

CASES = []


def case(function):
    CASES.append(function)
    return function


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def monotonic(node, unit, name):
    """When something happened to a unit, in seconds of CLOCK_MONOTONIC."""
    return int(node.show(unit, name)) / 1e6


def scripts(cluster, since):
    return [(e.node, *e.what.split()) for e in cluster.watch.so_far()
            if e.kind == 'script' and e.at >= since and 'modprobe' not in e.what]


def check_one_owner(cluster, going_off=()):
    """In all that happened so far: nobody was told to start before the other had been told to stop, and
    what was left of the service was there before it and after it. (A host that goes off: there systemd
    stops all units at once, also those of groups.)"""
    holder = None
    for node, verb, address, daemon in scripts(cluster, 0):
        # Told to stop what does not run here: what cleans up after a crash does that, to be sure.
        if verb == 'stop' and holder != node:
            continue
        check(address == 'with', f'{node}: {verb} of the service without its address')
        check(daemon == 'active' or verb == 'stop' and node in going_off,
              f'{node}: {verb} of the service, and {c.DAEMON} is {daemon}')
        check(verb == 'stop' or holder in (None, node), f'{node} starts what {holder} has not stopped')
        holder = node if verb == 'start' else None


@contextlib.contextmanager
def dropped_in(node, text):
    """The unit with another setting, for a while."""
    directory = f'/etc/systemd/system/{c.UNIT}.d'
    node.write(f'{directory}/test.conf', text)
    node.run('systemctl', 'daemon-reload')
    try:
        yield
    finally:
        node.run('rm', '-r', directory)
        node.run('systemctl', 'daemon-reload')


def other(cluster, name):
    return next(n for n in cluster.nodes if n != name)


def settle(cluster):
    """Both nodes up, and the group somewhere: its name."""
    for node in cluster.nodes.values():
        if node.show(c.UNIT, 'ActiveState') != 'active':
            node.run('systemctl', 'start', c.UNIT)
    return cluster.wait_for_owner()


@case
def boots_after_the_network_and_is_ready_when_it_is_up(cluster):
    for name, node in cluster.nodes.items():
        up = cluster.journal(name, 'local-status', 0, HB_STATUS='up')
        cluster.wait_active(node)
        ready = monotonic(node, c.UNIT, 'ActiveEnterTimestampMonotonic')
        began = monotonic(node, c.UNIT, 'ExecMainStartTimestampMonotonic')
        network = monotonic(node, 'network-online.target', 'ActiveEnterTimestampMonotonic')
        check(network <= began, f'{name}: started {network - began} s before the network was there')
        check(up.at <= ready, f'{name}: READY {up.at - ready} s before its media were open')
        check(node.show(c.UNIT, 'NRestarts') == '0', f'{name}: it was restarted')
    owner = cluster.wait_for_owner()
    check_one_owner(cluster)
    print(f'    the group runs on {owner}')


@case
def reload_rereads_the_keys_and_touches_nothing(cluster):
    owner = settle(cluster)
    began = time.monotonic()
    for name, node in cluster.nodes.items():
        master = node.show(c.UNIT, 'MainPID')
        node.run('systemctl', 'reload', c.UNIT)
        cluster.journal(name, 'keys-reread', began)
        check(node.show(c.UNIT, 'MainPID') == master, f'{name}: another master after the reload')
        cluster.wait_active(node)
    check(cluster.wait_for_owner() == owner, 'the group moved')
    check(not scripts(cluster, began), f'the service was told {scripts(cluster, began)}')


@case
def stop_hands_over_before_it_returns(cluster):
    owner = settle(cluster)
    node, heir = cluster.nodes[owner], other(cluster, owner)
    group = node.unit_group(c.UNIT)
    began = time.monotonic()
    node.run('systemctl', 'stop', c.UNIT)
    stopped = cluster.script('stop', began, owner, 1)
    started = cluster.script('start', began, heir, c.GRACE)
    print(f'    an outage of {started.at - stopped.at:.3f} s')
    check(started.at - stopped.at < c.DEADTIME, 'the heir waited, as if this had been a crash')
    check(node.show(c.UNIT, 'Result') == 'success', node.show(c.UNIT, 'Result'))
    check(node.show(c.UNIT, 'ActiveState') == 'inactive', node.show(c.UNIT, 'ActiveState'))
    check(not machine.processes(group), f'still there: {machine.processes(group)}')
    check_one_owner(cluster)
    node.run('systemctl', 'start', c.UNIT)
    check(cluster.wait_for_owner() == heir, 'auto_failback is off')


@case
def restart_moves_the_group_and_comes_back(cluster):
    owner = settle(cluster)
    began = time.monotonic()
    cluster.nodes[owner].run('systemctl', 'restart', c.UNIT)
    cluster.script('start', began, other(cluster, owner), c.GRACE)
    check(cluster.wait_for_owner() == other(cluster, owner), 'it went back')
    check_one_owner(cluster)


@case
def kill_9_of_everything_is_cleaned_up_and_taken_over(cluster):
    owner = settle(cluster)
    node = cluster.nodes[owner]
    began = time.monotonic()
    group = node.unit_group(c.UNIT)
    killed = machine.processes(group)
    (group / 'cgroup.kill').write_text('1')
    # Right to left: the service is told to stop while the address is there, and then that goes.
    cluster.script('stop', began, owner, c.DEADTIME + c.GRACE)
    gone = cluster.address('-', began, owner, c.DEADTIME + c.GRACE)
    started = cluster.script('start', began, None, c.DEADTIME + c.GRACE)
    print(f'    {len(killed)} processes killed; the address was gone after {gone.at - began:.3f} s, '
          f'the group runs on {started.node} after {started.at - began:.3f} s')
    check(started.at - began <= c.DEADTIME + c.GRACE, 'too late')
    check(cluster.wait_for_owner() == started.node, 'and then it moved')
    for name, where in cluster.nodes.items():
        there = c.ADDRESS in where.run('ip', '-o', 'addr', 'show')
        check(there == (name == started.node), f'{name} has the address: {there}')
    left = killed & machine.processes(group)
    check(not left, f'survived: {left}')
    check_one_owner(cluster)


@case
def kill_9_without_a_new_start_is_taken_over_by_the_other(cluster):
    owner = settle(cluster)
    node, heir = cluster.nodes[owner], other(cluster, owner)
    with dropped_in(node, '[Service]\nRestart=no\n'):
        began = time.monotonic()
        (node.unit_group(c.UNIT) / 'cgroup.kill').write_text('1')
        cluster.script('stop', began, owner, c.DEADTIME + c.GRACE)
        cluster.address('-', began, owner, c.DEADTIME + c.GRACE)
        started = cluster.script('start', began, None, c.DEADTIME + c.GRACE)
        print(f'    {started.node} runs the group after {started.at - began:.3f} s')
        check(started.node == heir, f'{started.node} runs it')
        check(started.at - began <= c.DEADTIME + c.GRACE, 'too late')
        check(node.show(c.UNIT, 'ActiveState') == 'failed', node.show(c.UNIT, 'ActiveState'))
        check_one_owner(cluster)
    node.run('systemctl', 'start', c.UNIT)
    check(cluster.wait_for_owner() == heir, 'auto_failback is off')


@case
def a_master_that_hangs_is_killed_and_replaced(cluster):
    owner = settle(cluster)
    node, heir = cluster.nodes[owner], other(cluster, owner)
    with dropped_in(node, '[Service]\nWatchdogSec=2s\n'):
        # It learns the interval when it starts.
        node.run('systemctl', 'restart', c.UNIT)
        check(cluster.wait_for_owner() == heir, 'the group is where it was')
        node.run('hactl', 'takeover')
        owner = cluster.wait_for_owner()
        check(cluster.nodes[owner] is node, 'a takeover that did not take')
        master = node.show(c.UNIT, 'MainPID')
        began = time.monotonic()
        node.run('kill', '-STOP', master)
        cluster.script('stop', began, owner)
        started = cluster.script('start', began)
        print(f'    {started.node} runs the group after {started.at - began:.3f} s')
        cluster.wait_active(node)
        check(node.show(c.UNIT, 'MainPID') not in ('0', master), 'no new master')
        cluster.wait_for_owner()
        check_one_owner(cluster)


@case
def a_wrong_configuration_stays_stopped(cluster):
    owner = settle(cluster)
    name = other(cluster, owner)
    node = cluster.nodes[name]
    node.run('systemctl', 'stop', c.UNIT)
    node.write('/etc/ha.d/ha.cf', c.HA_CF.replace('deadtime', 'deadtime soon #'))
    code, _ = node.call('systemctl', 'start', c.UNIT)
    check(code != 0, 'it started')
    check(node.show(c.UNIT, 'ExecMainStatus') == '6', node.show(c.UNIT, 'ExecMainStatus'))
    check(node.show(c.UNIT, 'ActiveState') == 'failed', node.show(c.UNIT, 'ActiveState'))
    check(node.show(c.UNIT, 'NRestarts') == '0', 'it is tried again and again')
    node.write('/etc/ha.d/ha.cf', c.HA_CF)
    node.run('systemctl', 'start', c.UNIT)
    check(cluster.wait_for_owner() == owner, 'the group moved')


@case
def each_daemon_has_its_lines_in_the_journal(cluster):
    for name, node in cluster.nodes.items():
        for daemon in ('hb-master', 'hb-comm', 'hb-membership', 'hb-resource'):
            lines = node.run('journalctl', '-t', daemon, '-o', 'json').splitlines()
            check(lines, f'{name}: journalctl -t {daemon} is empty')
        for event in cluster.watch.so_far():
            if event.node != name or event.kind != 'journal' or not event.what:
                continue
            unit = event.fields.get('_SYSTEMD_UNIT')
            check(unit == c.UNIT, f'{name}: {event.what} is from unit {unit}')
        there = {e.fields.get('HB_NODE') for e in cluster.watch.so_far() if e.what == 'node-status'}
        check(there == set(cluster.nodes), f'HB_NODE of node-status: {there}')


@case
def what_hears_the_network_is_confined_and_what_a_group_runs_is_not(cluster):
    node = cluster.nodes[settle(cluster)]

    def said(process, name):
        text = node.run('sh', '-c', f'grep ^{name}: /proc/{process}/status')
        return text.split()[1]

    for daemon, capabilities in (('hb-comm', 'NET_RAW, NET_BIND_SERVICE'), ('hb-membership', 'none')):
        pid = node.run('pidof', daemon).strip()
        check(node.run('ps', '-o', 'user:20=', '-p', pid).strip() == 'hacluster', f'{daemon}: its user')
        mask = {'none': 0, 'NET_RAW, NET_BIND_SERVICE': 1 << 13 | 1 << 10}[capabilities]
        check(int(said(pid, 'CapEff'), 16) == mask, f'{daemon}: capabilities are not {capabilities}')
        check(int(said(pid, 'CapBnd'), 16) == 0, f'{daemon}: can get capabilities')
        check(said(pid, 'Seccomp') == '2', f'{daemon}: no system call filter')
    service = node.run('cat', '/run/recorder.pid').strip()
    check(said(service, 'Seccomp') == '0' and said(service, 'NoNewPrivs') == '0', 'a service is bound')
    check(said(service, 'CapBnd') == said('1', 'CapBnd'), 'a service lacks what others have')


@case
def a_missing_watchdog_device_has_softdog_loaded(cluster):
    owner = settle(cluster)
    name = other(cluster, owner)
    node = cluster.nodes[name]
    node.run('systemctl', 'stop', c.UNIT)
    # A kernel that has the module, as far as the unit can see.
    node.write('/usr/sbin/modprobe', '#!/bin/sh\necho "$(uname -n) modprobe $*" >/srv/test/events\n', 0o755)
    for line, loads in (('watchdog /dev/none', True), ('watchdog /dev/null', False), ('', False)):
        node.write('/etc/ha.d/ha.cf', f'{c.HA_CF}{line}\n')
        began = time.monotonic()
        code, _ = node.call('systemctl', 'start', c.UNIT)
        check((code == 0) == (line == ''), f"'{line}': start returned {code}")
        told = [e.what for e in cluster.watch.so_far() if e.at >= began and 'modprobe' in e.what]
        check(told == (['modprobe -q softdog'] if loads else []), f"'{line}': {told}")
    check(cluster.wait_for_owner() == owner, 'the group moved')


@case
def power_off_hands_over_while_the_network_is_there(cluster):
    owner = settle(cluster)
    node, heir = cluster.nodes[owner], other(cluster, owner)
    began = time.monotonic()
    node.call('systemctl', 'poweroff', '--no-block')
    stopped = cluster.script('stop', began, owner)
    started = cluster.script('start', began, heir)
    print(f'    an outage of {started.at - stopped.at:.3f} s')
    check(started.at - stopped.at < c.DEADTIME, 'the heir waited, as if this had been a crash')
    node.wait_gone()
    check_one_owner(cluster, going_off=[owner])
    cluster.boot(owner)
    cluster.wait_active(node)
    check(cluster.wait_for_owner() == heir, 'auto_failback is off')


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if reason := machine.why_not():
        print(f'skipped: {reason}')
        return 77
    machine.enter_namespaces()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    passed = failed = 0
    # Mounted over in this mount namespace: it goes with the process, and nothing is left on a disk.
    cluster = c.Cluster(build, '/mnt')
    try:
        cluster.boot()
        for function in CASES:
            if sys.argv[2:] and function.__name__ not in sys.argv[2:]:
                continue
            began = time.monotonic()
            try:
                function(cluster)
                passed += 1
                print(f'ok     {function.__name__} ({time.monotonic() - began:.1f} s)', flush=True)
            except (AssertionError, RuntimeError) as problem:
                failed += 1
                traceback.print_exc(file=sys.stdout)
                print(f'FAILED {function.__name__}: {problem}', flush=True)
                cluster.print_journals(began)
    finally:
        cluster.close()
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
