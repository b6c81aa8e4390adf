#!/usr/bin/env python3
"""The watchdog with a kernel of its own: softdog in a virtual machine.

    watchdog_vm.py BUILD_DIRECTORY KERNEL_DIRECTORY

KERNEL_DIRECTORY is an unpacked linux-image package of Debian. Each case boots a machine whose first
process starts the suite, with the programs of the build, and then breaks it; what is judged is
whether the kernel reset the machine. The last line is "N passed, N failed".
"""
import pathlib
import subprocess
import sys
import tempfile

import machine

# name: does the machine have to be reset?
CASES = {
    'runs': False,
    'clock': False,
    'stop': False,
    'killed': True,
    'master': True,
    'hangs': True,
    'stuck-stop': True,
}
PATIENCE = 300  # seconds; emulated, a boot alone is half a minute on a busy machine


def run_machine(case, kernel, archive):
    """Boots it and returns what its console said; a reset ends it."""
    command = machine.command(kernel, archive, f'case={case}')
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors='replace', timeout=PATIENCE, check=False)
    return done.stdout + done.stderr


def main():
    build, kernel = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        archive = pathlib.Path(scratch) / 'initramfs'
        machine.make_initramfs(build, kernel, pathlib.Path(scratch) / 'root', archive)
        for case, has_to_be_reset in CASES.items():
            try:
                console = run_machine(case, kernel, archive)
            except subprocess.TimeoutExpired as late:
                console = (late.stdout or b'').decode(errors='replace') + '\n(it did not end)'
            began = f'VM: case {case} begins' in console
            alive = 'VM: still alive' in console
            good = began and alive != has_to_be_reset and '(it did not end)' not in console
            print(f'{"ok    " if good else "FAILED"} {case}: the machine was '
                  f'{"not reset" if alive else "reset"}', flush=True)
            if good:
                passed += 1
            else:
                failed += 1
                print(console)
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
