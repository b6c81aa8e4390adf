#!/usr/bin/env python3
"""The watchdog with a kernel of its own: softdog in a virtual machine.

    watchdog_vm.py BUILD_DIRECTORY KERNEL_DIRECTORY

KERNEL_DIRECTORY is an unpacked linux-image package of Debian. Each case boots a machine whose first
process starts the suite, with the programs of the build, and then breaks it; what is judged is
whether the kernel reset the machine. The last line is "N passed, N failed".
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

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
PROGRAMS = ['hb-master', 'hb-comm', 'hb-membership', 'hb-resource', 'hb-ipfail']
PATIENCE = 300  # seconds; emulated, a boot alone is half a minute on a busy machine


def libraries(program):
    """What the dynamic loader wants, and the loader."""
    text = subprocess.run(['ldd', program], capture_output=True, text=True, check=True).stdout
    return {m.group(1) for m in re.finditer(r'(/[^ ]+) \(0x', text)}


def put(root, source, target):
    path = root / target.lstrip('/')
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, path)
    return path


def make_initramfs(build, kernel, root, archive):
    for directory in ('bin', 'dev', 'proc', 'sys', 'suite', 'modules', 'etc', 'root'):
        (root / directory).mkdir(parents=True)
    put(root, '/bin/busybox', '/bin/busybox')
    put(root, pathlib.Path(__file__).with_name('init.sh'), '/init').chmod(0o755)
    wanted = set()
    for name in PROGRAMS:
        program = put(root, build / 'daemons' / name / name, f'/suite/{name}')
        subprocess.run(['strip', program], check=True)
        wanted |= libraries(build / 'daemons' / name / name)
    for library in wanted:
        put(root, library, library)
    for module in ('watchdog', 'softdog', 'dummy'):
        found = next((kernel / 'lib/modules').rglob(f'{module}.ko*'))
        put(root, found, f'/modules/{found.name}')
    (root / 'etc/passwd').write_text('root:x:0:0::/root:/bin/sh\nhacluster:x:101:101::/:/bin/false\n')
    (root / 'etc/group').write_text('root:x:0:\nhaclient:x:101:\n')
    names = subprocess.run(['find', '.', '-print0'], cwd=root, capture_output=True, check=True)
    with open(archive, 'wb') as out:
        subprocess.run(['cpio', '--quiet', '-0', '-o', '-H', 'newc', '-R', '0:0'], cwd=root,
                       input=names.stdout, stdout=out, check=True)


def run_machine(case, kernel, archive):
    """Boots it and returns what its console said; a reset ends it."""
    image = next((kernel / 'boot').glob('vmlinuz-*'))
    command = ['qemu-system-x86_64', '-m', '512', '-nographic', '-no-reboot', '-nodefaults',
               '-serial', 'stdio', '-kernel', image, '-initrd', archive,
               '-append', f'console=ttyS0 panic=-1 case={case}']
    command[1:1] = ['-accel', os.environ.get('VM_ACCELERATOR', 'tcg')]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors='replace', timeout=PATIENCE, check=False)
    return done.stdout + done.stderr


def main():
    build, kernel = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        archive = pathlib.Path(scratch) / 'initramfs'
        make_initramfs(build, kernel, pathlib.Path(scratch) / 'root', archive)
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
