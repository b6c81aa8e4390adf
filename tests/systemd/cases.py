"""Cases of a test: functions that get the cluster, one after the other, each from where the last one left it."""
import signal
import sys
import time
import traceback


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def run_cases(subject, functions, chosen, explain=lambda since: None):
    """Runs all cases, or those that were chosen: how many passed, and how many failed."""
    passed = failed = 0
    for function in functions:
        if chosen and function.__name__ not in chosen:
            continue
        began = time.monotonic()
        try:
            function(subject)
            passed += 1
            print(f'ok     {function.__name__} ({time.monotonic() - began:.1f} s)', flush=True)
        except (AssertionError, RuntimeError) as problem:
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f'FAILED {function.__name__}: {problem}', flush=True)
            explain(began)
    return passed, failed


def run_all(cluster, functions, chosen, passed=0, failed=0):
    """Boots the cluster, runs its cases, and says how many passed, with those before. An exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        cluster.boot()
        more = run_cases(cluster, functions, chosen, cluster.print_journals)
    finally:
        cluster.close()
    print(f'{passed + more[0]} passed, {failed + more[1]} failed')
    return 1 if failed + more[1] else 0
