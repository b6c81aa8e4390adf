#!/usr/bin/env python3
"""A serial line between two virtual machines, with the kernel's own driver at both ends.

    serial_vm.py BUILD_DIRECTORY KERNEL_DIRECTORY

It is the only thing between them. node1 gets the group, node2 does not while it hears node1; then
node1 is switched off, and node2 takes over. The last line is "N passed, N failed".
"""
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time

import machine

PATIENCE = 400  # seconds for each thing that is waited for; emulated, on a busy machine


class Machine:
    """One that runs; what its console says arrives in `lines`, as (name, line)."""

    def __init__(self, name, command, lines):
        self.name = name
        self.story = []
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors='replace')
        self.reader = threading.Thread(target=self.read, args=(lines,), daemon=True)
        self.reader.start()

    def read(self, lines):
        for line in self.process.stdout:
            self.story.append(line)
            lines.put((self.name, line))

    def off(self):
        self.process.kill()
        self.process.wait()


def wait_for(lines, wanted, never=()):
    """Until each of `wanted`, (name, text), was said; false when time is up or `never` is said."""
    missing = set(wanted)
    deadline = time.monotonic() + PATIENCE
    while missing:
        try:
            name, line = lines.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            return False
        if any(name == who and text in line for who, text in never):
            return False
        missing -= {(who, text) for who, text in missing if name == who and text in line}
    return True


def main():
    build, kernel = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    passed = failed = 0
    machines = {}
    lines = queue.Queue()

    def judge(what, good):
        nonlocal passed, failed
        print(f'{"ok    " if good else "FAILED"} {what}', flush=True)
        passed += good
        failed += not good
        return good

    with tempfile.TemporaryDirectory() as scratch:
        archive = pathlib.Path(scratch) / 'initramfs'
        machine.make_initramfs(build, kernel, pathlib.Path(scratch) / 'root', archive)
        line = pathlib.Path(scratch) / 'line'
        ends = {'node1': f'socket,id=line,path={line},server=on,wait=off',
                'node2': f'socket,id=line,path={line},reconnect=1'}
        try:
            for name, end in ends.items():
                machines[name] = Machine(name, machine.command(
                    kernel, archive, f'case=serial node={name}',
                    ['-chardev', end, '-serial', 'chardev:line']), lines)
            up = {('node1', 'Link node2:/dev/ttyS1 up.'), ('node2', 'Link node1:/dev/ttyS1 up.')}
            taken = {('node2', 'node2 has the group')}
            if judge('they hear each other, and node1 has the group',
                     wait_for(lines, up | {('node1', 'node1 has the group')}, taken)):
                machines['node1'].off()
                judge('node1 is off, and node2 takes over', wait_for(lines, taken))
        finally:
            for m in machines.values():
                m.off()
        if failed:
            for m in machines.values():
                print(f'--- {m.name}', *m.story, sep='\n')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
