#!/usr/bin/env python3
"""ha-suite as a service: two nodes with systemd as process 1, the real unit, the installed tree.

    service_test.py BUILD_DIRECTORY [CASE]...

The last line is "N passed, N failed". Exit code 77, with the reason, where this machine cannot do it.
"""
import contextlib
import pathlib
import sys
import time

import cases
import cluster as c
import machine
from cases import check

CASES = []


def case(function):
    CASES.append(function)
    return function


def monotonic(node, unit, name):
    """When something happened to a unit, in seconds of CLOCK_MONOTONIC."""
    return int(node.show(unit, name)) / 1e6


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
        node.run('systemctl', 'is-active', 'heartbeat.service')  # as Heartbeat's users call it
        complaints = node.run('systemd-analyze', 'verify', c.UNIT)
        check(not complaints, complaints)
    owner = cluster.wait_for_owner()
    cluster.check_one_owner()
    print(f'    the group runs on {owner}')


@case
def the_journal_explains_its_lines(cluster):
    for name, node in cluster.nodes.items():
        cluster.wait_active(node)
        text = node.run('journalctl', '-x', '-t', 'hb-membership', '--no-pager')
        for words in ('Subject: local-status of ha-suite', "Local status now set to: 'active'",
                      'It means: our media are open; every node was heard or waited for'):
            check(words in text, f'{name}: journalctl -x does not say "{words}":\n{text}')
        text = node.run('journalctl', '-x', '-t', 'hb-master', '--no-pager')
        check('Subject: suite-ready of ha-suite' in text, text)


@case
def reload_rereads_the_keys_and_touches_nothing(cluster):
    owner = cluster.settle()
    began = time.monotonic()
    for name, node in cluster.nodes.items():
        master = node.show(c.UNIT, 'MainPID')
        node.run('systemctl', 'reload', c.UNIT)
        cluster.journal(name, 'keys-reread', began)
        check(node.show(c.UNIT, 'MainPID') == master, f'{name}: another master after the reload')
        cluster.wait_active(node)
        # A wrong file is refused, by the command too, and what runs goes on.
        node.write('/etc/ha.d/ha.cf', c.HA_CF + 'deadtimer 5\n')
        code, _ = node.call('systemctl', 'reload', c.UNIT)
        check(code != 0, f'{name}: a reload of a wrong file succeeds')
        cluster.journal(name, 'reload-refused', began)
        node.write('/etc/ha.d/ha.cf', c.HA_CF)
        node.run('systemctl', 'reload', c.UNIT)
        check(node.show(c.UNIT, 'MainPID') == master, f'{name}: another master after the reload')
    check(cluster.wait_for_owner() == owner, 'the group moved')
    check(not cluster.scripts(began), f'the service was told {cluster.scripts(began)}')


@case
def stop_hands_over_before_it_returns(cluster):
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
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
    cluster.check_one_owner()
    node.run('systemctl', 'start', c.UNIT)
    check(cluster.wait_for_owner() == heir, 'auto_failback is off')


@case
def restart_moves_the_group_and_comes_back(cluster):
    owner = cluster.settle()
    began = time.monotonic()
    cluster.nodes[owner].run('systemctl', 'restart', c.UNIT)
    cluster.script('start', began, cluster.other(owner), c.GRACE)
    check(cluster.wait_for_owner() == cluster.other(owner), 'it went back')
    cluster.check_one_owner()


@case
def the_init_script_and_service_mean_the_unit(cluster):
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
    script = '/etc/init.d/heartbeat'

    def typed(code, *command):
        got, out = node.call(*command)
        check(got == code, f'{" ".join(command)}: exit code {got}, not {code}: {out}')
        return out

    def running():
        pid = node.show(c.UNIT, 'MainPID')
        return f'heartbeat OK [pid {pid} et al] is running on {owner} [{owner}]...'

    check(running() in typed(0, script, 'status'), 'it runs, and the script does not say so')
    typed(0, 'service', 'heartbeat', 'status')
    master = node.show(c.UNIT, 'MainPID')
    for verb in ('reload', 'force-reload', 'start'):
        check('Done.' in typed(0, script, verb), f'{verb}: not done')
    check(node.show(c.UNIT, 'MainPID') == master, 'another master after reload and start')
    began = time.monotonic()
    typed(0, script, 'standby')
    cluster.script('start', began, heir, c.GRACE)
    check(cluster.wait_for_owner() == heir, 'standby moved nothing')

    check('Done.' in typed(0, script, 'stop'), 'stop: not done')
    check(node.show(c.UNIT, 'ActiveState') == 'inactive', node.show(c.UNIT, 'ActiveState'))
    check('heartbeat is stopped. No process' in typed(3, script, 'status'), 'it does not say that it is stopped')
    typed(3, 'service', 'heartbeat', 'status')
    check('[rc=7]' in typed(7, script, 'reload'), 'a reload of what does not run')
    typed(0, script, 'stop')
    typed(0, script, 'start')
    check(running() in typed(0, script, 'status'), 'it was started, and the script does not say so')
    typed(0, script, 'restart')
    check(running() in typed(0, script, 'status'), 'it was restarted, and the script does not say so')
    typed(0, 'service', 'heartbeat', 'stop')
    check(node.show(c.UNIT, 'ActiveState') == 'inactive', node.show(c.UNIT, 'ActiveState'))
    typed(0, 'service', 'heartbeat', 'start')
    cluster.wait_active(node)
    typed(1, script, 'nonsense')
    # What fails, and stays failed, is told apart from what was stopped.
    typed(0, script, 'stop')
    good = node.run('cat', '/etc/ha.d/ha.cf')
    node.write('/etc/ha.d/ha.cf', good + 'nonsense\n')
    typed(6, script, 'start')
    check(f'heartbeat is stopped. {c.UNIT} has failed' in typed(1, script, 'status'), 'a failed unit')
    node.write('/etc/ha.d/ha.cf', good)
    typed(0, script, 'start')
    cluster.wait_for_owner()
    cluster.check_one_owner()


@case
def kill_9_of_everything_is_cleaned_up_and_taken_over(cluster):
    owner = cluster.settle()
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
    cluster.check_one_owner()


@case
def kill_9_without_a_new_start_is_taken_over_by_the_other(cluster):
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
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
        cluster.check_one_owner()
    node.run('systemctl', 'start', c.UNIT)
    check(cluster.wait_for_owner() == heir, 'auto_failback is off')


@case
def a_master_that_hangs_is_killed_and_replaced(cluster):
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
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
        cluster.check_one_owner()


@case
def a_wrong_configuration_stays_stopped(cluster):
    owner = cluster.settle()
    name = cluster.other(owner)
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
    node = cluster.nodes[cluster.settle()]

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
def bash_completes_commands_options_nodes_and_groups(cluster):
    node = cluster.nodes[cluster.settle()]
    script = (". /usr/share/bash-completion/completions/hactl; COMP_WORDS=(hactl \"$@\"); COMP_CWORD=$#;"
              ' _hactl; printf "%s\\n" "${COMPREPLY[@]}"')
    group = f'{c.ADDRESS}/24/eth0'
    for words, wanted in ((['mai'], ['maintenance']), (['maintenance', ''], ['on', 'off']),
                          (['maintenance', 'on', '10'], [group]), (['fence', 'no'], ['node1', 'node2']),
                          (['fence', 'con'], ['confirm']), (['standby', '--st'], ['--stay']),
                          (['standby', 'loc'], ['local']), (['standby', '--group', ''], [group]),
                          (['move', group, 'node'], ['node1', 'node2'])):
        said = node.run('bash', '-c', script, 'bash', *words).split()
        check(set(wanted) <= set(said), f'hactl {" ".join(words)}: {said}')


@case
def a_missing_watchdog_device_has_softdog_loaded(cluster):
    owner = cluster.settle()
    name = cluster.other(owner)
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
    owner = cluster.settle()
    node, heir = cluster.nodes[owner], cluster.other(owner)
    began = time.monotonic()
    node.call('systemctl', 'poweroff', '--no-block')
    stopped = cluster.script('stop', began, owner)
    started = cluster.script('start', began, heir)
    print(f'    an outage of {started.at - stopped.at:.3f} s')
    check(started.at - stopped.at < c.DEADTIME, 'the heir waited, as if this had been a crash')
    node.wait_gone()
    cluster.check_one_owner(going_off=[owner])
    cluster.boot(owner)
    cluster.wait_active(node)
    check(cluster.wait_for_owner() == heir, 'auto_failback is off')


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if reason := machine.why_not():
        print(f'skipped: {reason}')
        return 77
    machine.enter_namespaces()
    cluster = c.Cluster(c.meson_install(build), machine.scratch_directory())
    return cases.run_all(cluster, CASES, sys.argv[2:])


if __name__ == '__main__':
    sys.exit(main())
