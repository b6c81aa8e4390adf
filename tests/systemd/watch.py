"""What happens on the nodes, as a stream of events, each stamped with CLOCK_MONOTONIC (the nodes and
the test share one kernel): who has an address (netlink), what a resource script was told (a FIFO that
all nodes share), what the journals say. Tests wait for events, never for time to pass.
"""
import dataclasses
import json
import os
import re
import selectors
import threading
import time


@dataclasses.dataclass
class Event:
    at: float        # CLOCK_MONOTONIC, seconds
    node: str
    kind: str        # 'address', 'script', 'journal'
    what: str        # address: '+10.0.0.1' or '-10.0.0.1'; script: 'NAME VERB'; journal: HB_EVENT
    fields: dict = dataclasses.field(default_factory=dict)


class TimeUp(AssertionError):
    pass


class Watch:
    """A thread that stamps what arrives. What scripts say comes through one FIFO: its order is the order
    in which it happened, on whichever node."""

    def __init__(self, fifo):
        self.events = []
        self._news = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._rest = {}
        os.mkfifo(fifo)
        # Read and write: it never ends because a writer goes.
        self._add(os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC), self._script, None)
        threading.Thread(target=self._collect, daemon=True).start()

    def follow(self, node):
        """From here to the end of the node; the journal from the node's boot on."""
        for fd, reader in ((node.follow_addresses(), self._address),
                           (node.follow_journal(), self._journal)):
            os.set_blocking(fd, False)
            self._add(fd, reader, node.name)

    def _add(self, fd, reader, node):
        self._rest[fd] = b''
        self._selector.register(fd, selectors.EVENT_READ, (reader, node))

    def so_far(self):
        with self._news:
            return list(self.events)

    def wait(self, wanted, seconds, why):
        """The first event, of those so far and to come, that `wanted` says yes to."""
        until = time.monotonic() + seconds
        looked_at = 0
        with self._news:
            while True:
                for event in self.events[looked_at:]:
                    if wanted(event):
                        return event
                looked_at = len(self.events)
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeUp(f'not within {seconds} s: {why}')
                self._news.wait(left)

    def more_than(self, count, seconds):
        with self._news:
            self._news.wait_for(lambda: len(self.events) > count, seconds)

    def _collect(self):
        while True:
            # New descriptors join within that time (follow()).
            for key, _ in self._selector.select(0.05):
                reader, node = key.data
                data = os.read(key.fd, 1 << 16)
                if not data:
                    self._selector.unregister(key.fd)
                    continue
                now = time.monotonic()
                *lines, self._rest[key.fd] = (self._rest[key.fd] + data).split(b'\n')
                with self._news:
                    for line in lines:
                        reader(node, line.decode(errors='replace'), now)
                    self._news.notify_all()

    def _address(self, node, line, now):
        if match := re.search(r'\binet ([0-9.]+)/', line):
            sign = '-' if line.startswith('Deleted') else '+'
            self.events.append(Event(now, node, 'address', sign + match.group(1)))

    def _script(self, _, line, now):
        node, what = line.split(' ', 1)
        self.events.append(Event(now, node, 'script', what))

    def _journal(self, node, line, now):
        entry = json.loads(line)
        at = int(entry.get('__MONOTONIC_TIMESTAMP', now * 1e6)) / 1e6
        self.events.append(Event(at, node, 'journal', entry.get('HB_EVENT', ''), entry))
