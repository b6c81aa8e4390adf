"""Virtual machines with a Debian kernel that run the suite: what the tests here share."""
import os
import pathlib
import re
import shutil
import subprocess

PROGRAMS = ['hb-master', 'hb-comm', 'hb-membership', 'hb-resource', 'hb-ipfail']


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


def command(kernel, archive, parameters, more=()):
    """qemu's command line; the console is standard output, a reset ends it."""
    image = next((kernel / 'boot').glob('vmlinuz-*'))
    return ['qemu-system-x86_64', '-accel', os.environ.get('VM_ACCELERATOR', 'tcg'),
            '-m', '512', '-nographic', '-no-reboot', '-nodefaults', '-serial', 'stdio', *more,
            '-kernel', image, '-initrd', archive,
            '-append', f'console=ttyS0 panic=-1 {parameters}']
