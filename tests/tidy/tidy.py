#!/usr/bin/env python3
"""The polite reviewer: what a machine can see of docs/hacking.md. Run as `meson test --suite unit tidy`.

Each finding names the file, what is wrong, and what would be right.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
CODE = ('.cpp', '.hpp')
FILE_LINES = 500
TEST_LINES = 800  # tables grow, and read well all the same
LINE_COLUMNS = 100

# Where something may be included, and what to use elsewhere.
ONLY_IN = [
    (r'event2/', r'^common/runtime/', 'the classes of common/runtime'),
    (r'\.pb\.h"', r'^proto/', 'the codecs of proto/'),
    (r'netlink/', r'^(daemons/hb-(comm|resource)/|tests/(lab|unit|netns)/)', 'netlink only in the shells of hb-comm and hb-resource'),
]
CORES = re.compile(r'(_core[^/]*|placement|gate|lease_book|judging|views|leaving|replication|group_runner)\.[ch]pp$')
OUTSIDE = re.compile(r'#include *[<"](event2/|sys/|unistd|netlink/|systemd/|net/|netinet/|linux/)')
NOW = re.compile(r'(steady_clock|system_clock)::now\(|clock_gettime\(')


def files():
    out = subprocess.run(['git', '-C', str(ROOT), 'ls-files', '-z'], capture_output=True, check=True).stdout
    return [f for f in out.decode().split('\0') if f and (ROOT / f).is_file()]


def check_text(name, text, complain):
    lines = text.split('\n')
    limit = TEST_LINES if name.startswith('tests/') else FILE_LINES
    if len(lines) > limit:
        complain(name, f'{len(lines)} lines: more than {limit}; has it learned a second noun?')
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS and 'http' not in line:
            complain(f'{name}:{number}', f'{len(line)} columns: clang-format knows better')
        if re.search(r'\b(TODO|FIXME|XXX|HACK)\b', line):
            complain(f'{name}:{number}', 'something left open: finish it, or write a decision')
        if not name.startswith(('tests/', 'tools/ha-lab/')) and re.search(r'\bstd::(stoi|stol|stoul)\b', line):
            complain(f'{name}:{number}', 'throws on bad input: std::from_chars')
    if name.endswith('.hpp') and not text.startswith('//'):
        complain(name, 'a header opens with its contract: what it is, owns, never does')
    if name.endswith('.hpp') and '#pragma once' not in text:
        complain(name, 'no #pragma once')


def check_includes(name, text, complain):
    for number, line in enumerate(text.split('\n'), 1):
        if not line.startswith('#include'):
            continue
        for pattern, where, instead in ONLY_IN:
            if re.search(pattern, line) and not re.match(where, name):
                complain(f'{name}:{number}', f'includes what belongs elsewhere: {instead}')
        daemon = re.match(r'daemons/(hb-[a-z]+)/', name)
        other = re.search(r'"daemons/(hb-[a-z]+)/', line)
        if daemon and other and daemon[1] != other[1]:
            complain(f'{name}:{number}', f'{daemon[1]} includes {other[1]}: daemons share through common/ and proto/')
        if name.startswith('common/') and re.search(r'"(daemons|proto|tools|tests)/', line):
            complain(f'{name}:{number}', 'common/ knows nobody above it')
        if name.startswith('proto/') and re.search(r'"(daemons|tools|tests)/', line):
            complain(f'{name}:{number}', 'proto/ knows only common/')
        if CORES.search(name) and name.startswith('daemons/') and OUTSIDE.match(line):
            complain(f'{name}:{number}', 'a core knows no system call: the shell gives it values')
    if NOW.search(text) and not name.startswith(('common/runtime/', 'tests/', 'tools/')):
        complain(name, 'asks the clock: time is an argument (common/runtime/system_clock)')


# Every event has its row in docs/log-messages.md, of which the journal's catalogue is made.
EVENTS = [
    re.compile(r'Level::k[A-Z]\w+,\s*"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"\s*,'),
    re.compile(r'"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"(?:\s*:\s*"([a-z][a-z0-9-]*)")?\s*,\s*(?:\w[^,;]*\?\s*)?Level::k'),
    re.compile(r'(?:say|say_group)\(\s*(?:[^;"]*?),?\s*"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)"'),
    re.compile(r'Event\{\s*"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)"'),
]
NOT_LOGGED = {'group-state', 'group-failed', 'group-reason'}  # for listeners and for notify only


def check_event_ids(sources, complain):
    page = (ROOT / 'docs/log-messages.md').read_text()
    rows = {event for row in re.findall(r'^\| (`[^|]*)\|', page, re.M)
            for event in re.findall(r'`([a-z][a-z0-9-]*)`', row)}
    seen = 0
    for name, text in sources.items():
        if not name.startswith(('daemons/', 'common/')):
            continue
        for event in {e for p in EVENTS for found in p.finditer(text) for e in found.groups() if e}:
            seen += 1
            if event not in rows | NOT_LOGGED:
                complain(name, f'event "{event}" has no row in docs/log-messages.md, and so no entry in the catalogue')
    if seen < len(rows) / 2:
        complain('tests/tidy/tidy.py', f'finds {seen} events only: are they said in another way now?')


# Lines of Heartbeat's log that docs/heartbeat-log-lines.md calls the same are said by a program, with
# that event; what stands between two capitalised words has to be in its texts.
def check_kept_lines(sources, complain):
    texts = {name: re.sub(r'"\s*"', '', text) for name, text in sources.items()
             if name.startswith(('daemons/', 'common/'))}
    whole = '\n'.join(texts.values())
    page = 'docs/heartbeat-log-lines.md'
    for row in re.findall(r'^\| (`.*) \| (same|like) \| (.*) \|$', (ROOT / page).read_text(), re.M):
        lines, verdict, events = row
        for event in re.findall(r'`([a-z]+(?:-[a-z]+)*)`', events):
            if f'"{event}"' not in whole:
                complain(page, f'nobody says "{event}"')
        if verdict == 'like':
            continue
        for line in re.findall(r'`([^`]*)`', lines):
            for part in re.split(r"'?\b[A-Z]+\b'?", line.replace('"', '\\"')):
                if len(part.strip()) >= 6 and part.strip() not in whole:
                    complain(page, f'nobody says "{part.strip()}" any more, of "{line}"')


# Logs that people know by heart: each line has its row in the tables of docs/heartbeat-log-lines.md,
# with a verdict; what is the same is among the lines that check_kept_lines holds programs to.
def check_logs_line_by_line(complain):
    page = 'docs/heartbeat-log-lines.md'
    catalogue, _, tables = (ROOT / page).read_text().partition('## Two logs, line by line')
    same = []
    for row in re.findall(r'^\| (`.*) \| same \| .* \|$', catalogue, re.M):
        for line in re.findall(r'`([^`]*)`', row):
            fixed = re.split(r"'?\b[A-Z]+\b'?(?: '?\b[A-Z]+\b'?)*", line)
            same.append('.+'.join(re.escape(part) for part in fixed))
    rows = {}
    for line, verdict in re.findall(r'^\| `(.*?)` \| (.*) \|$', tables, re.M):
        rows.setdefault(line, []).append(verdict)
        kind, _, why = verdict.partition(': ')
        if kind not in ('same', 'like', 'absent') or len(why) < 7:
            complain(page, f'no verdict on "{line}": same, like or absent, and who or why')
        if kind == 'same' and not any(re.fullmatch(pattern, line) for pattern in same):
            complain(page, f'"{line}" is the same as no line that is kept')
    logs = sorted((ROOT / 'tests/golden/heartbeat-logs').glob('*.txt'))
    known = set()
    for log in logs:
        for line in log.read_text().splitlines():
            known.add(line)
            if line not in rows:
                complain(f'{page}', f'says nothing of "{line}" ({log.name})')
    for line in rows:
        if line not in known:
            complain(page, f'"{line}" is in no log of tests/golden/heartbeat-logs')


# What people may type has its place in the manual.
def check_manual(complain):
    page = (ROOT / 'docs/man/hactl.8').read_text().replace('\\-', '-')
    main = (ROOT / 'tools/hactl/main.cpp').read_text()
    for found in re.finditer(r'add_(?:option|flag)\(\s*"((?:--[a-z-]+,?!?)+)', main):
        for option in re.findall(r'--[a-z-]+', found[1]):
            if not re.search(re.escape(option) + r'(?![a-z-])', page):
                complain('docs/man/hactl.8', f'says nothing of {option}')
    for command in re.findall(r'add_subcommand\(\s*"([a-z]+)"', main):
        if not re.search(rf'\b{command}\b', page):
            complain('docs/man/hactl.8', f'says nothing of the command {command}')
    codes = (ROOT / 'tools/control/exit_code.hpp').read_text()
    for code in re.findall(r'= (\d+),', codes):
        if f'.TP\n.B {code}\n' not in page:
            complain('docs/man/hactl.8', f'says nothing of exit status {code}')


def check_speaks_of_itself(name, text, complain):
    for number, line in enumerate(text.split('\n'), 1):
        if re.search(r'\.\./shared|/work/|farm-|\bhelper-\d', line):
            complain(f'{name}:{number}', 'speaks of where it is developed')


def main():
    findings = []
    complain = lambda where, what: findings.append(f'{where}: {what}')
    sources = {}
    for name in files():
        path = ROOT / name
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if name != 'tests/tidy/tidy.py':
            check_speaks_of_itself(name, text, complain)
        if path.suffix in CODE:
            sources[name] = text
            check_text(name, text, complain)
            check_includes(name, text, complain)
    check_event_ids(sources, complain)
    check_manual(complain)
    check_kept_lines(sources, complain)
    check_logs_line_by_line(complain)
    for finding in findings:
        print(finding)
    print(f'{len(sources)} source files, {len(findings)} findings')
    return 1 if findings or not sources else 0


sys.exit(main())
