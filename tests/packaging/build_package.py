#!/usr/bin/env python3
"""Builds the Debian package from the files that git knows, and asks lintian.

    build_package.py DIRECTORY

The packages are in DIRECTORY afterwards; the sources in DIRECTORY/source are kept, so that a second build
finds ccache's results for the same paths. Fails for each error of lintian; warnings are shown.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]


def environment():
    """debhelper gives the build a home of its own; ccache's is still the one that it was."""
    options = f'{os.environ.get("DEB_BUILD_OPTIONS", "")} nocheck parallel={len(os.sched_getaffinity(0))}'
    env = dict(os.environ, DEB_BUILD_OPTIONS=options)
    if shutil.which('ccache'):
        for name, option in (('CCACHE_DIR', 'cache_dir'), ('CCACHE_BASEDIR', 'base_dir')):
            value = subprocess.run(['ccache', '--get-config', option], capture_output=True, text=True,
                                   check=True).stdout.strip()
            if value:
                env.setdefault(name, value)
        env.setdefault('CCACHE_NOHASHDIR', '1')
    return env


def copy_tree(target):
    shutil.rmtree(target, ignore_errors=True)
    names = subprocess.run(['git', '-C', TREE, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                           capture_output=True, check=True).stdout.decode().split('\0')
    for name in names:
        if name and (TREE / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name, target / name)


def section(name):
    """The packages of a section of tools/packages.txt."""
    text = (TREE / 'tools/packages.txt').read_text(encoding='utf-8')
    lines = text.split(f'[{name}]\n')[1].split('\n[')[0].splitlines()
    return {line for line in lines if line and not line.startswith('#')}


def field(name):
    """The packages of a field of debian/control."""
    text = (TREE / 'debian/control').read_text(encoding='utf-8')
    value = re.search(rf'^{name}:(.*(?:\n[ ].*)*)', text, re.M)[1]
    return {re.split(r'[ (<]', entry.strip())[0] for entry in value.split(',')}


def lists_that_differ():
    """What tools/packages.txt has and debian/control lacks."""
    # Of build-essential, and of meson.
    missing = section('build') - {'g++', 'ninja-build'} - field('Build-Depends')
    return missing | (section('run') - field('Depends'))


def main():
    if differ := lists_that_differ():
        print(f'in tools/packages.txt and not in debian/control: {" ".join(sorted(differ))}')
        return 1
    directory = pathlib.Path(sys.argv[1]).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    for old in [*directory.glob('*.deb'), *directory.glob('*.changes'), *directory.glob('*.buildinfo')]:
        old.unlink()
    source = directory / 'source'
    copy_tree(source)
    subprocess.run(['dpkg-buildpackage', '-us', '-uc', '-b', '-Pnocheck'], cwd=source, env=environment(),
                   check=True)
    changes = next(directory.glob('*.changes'))
    return subprocess.run(['lintian', '--allow-root', '--fail-on', 'error', '--info', '--display-info', changes],
                          check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
