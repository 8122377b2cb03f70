#!/usr/bin/python3
"""Keeps a host busy, as servers do: for culprit-bench spool.

--busy processes each write and read at a rate of their own, no two seconds alike; --starts
programs a second are started beside them: gzip, sort, cp and the like over files of some hundred
KiB, with command lines of their own. All of it in --folder, until SIGTERM.
"""

import argparse
import ctypes
import os
import random
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
NAMES = ["postgres", "nginx", "java", "redis-server", "mysqld", "php-fpm", "rsyslogd", "node"]
INPUTS = 20
libc = ctypes.CDLL(None)


def be_busy(number, folder):
    """Never returns."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NAME, NAMES[number % len(NAMES)].encode(), 0, 0, 0)
    rng = random.Random(number)
    file = os.open(f"{folder}/busy-{number}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    hertz, size = rng.choice([2, 5, 10, 20]), rng.lognormvariate(9, 1.5)
    while True:
        count = max(1, int(rng.lognormvariate(0, 0.7) * size)) & 0xFFFFF
        os.pwrite(file, b"x" * count, rng.randrange(1 << 20))
        if rng.random() < 0.3:
            os.pread(file, count, 0)
        time.sleep(rng.expovariate(hertz))


def write_inputs(rng, folder):
    for number in range(INPUTS):
        with open(f"{folder}/log-{number:04}.txt", "w") as file:
            for line in range(6000):
                file.write(f"{line} {rng.random()} GET /index/{rng.randrange(1000)}.html 200\n")


def program(number, rng, folder):
    """What is started next; it may write to one of a hundred files."""
    source, target = f"{folder}/log-{rng.randrange(INPUTS):04}.txt", f"{folder}/out-{number % 100:02}"
    return rng.choice([
        ["gzip", "-c", source],
        ["sha256sum", source],
        ["sort", "-k2", source, "-o", target],
        ["grep", "-c", f"index/{rng.randrange(1000)}", source],
        ["awk", "{s+=$2} END {print s}", source],
        ["cp", source, target],
        ["sh", "-c", f"tail -n 2000 {source} | sed s/GET/PUT/ >{target} # {number}"],
        ["tar", "cf", target, source],
        [sys.executable, "-c", f"print(sum(range({200000 + number})))"],
    ])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--busy", type=int, required=True)
    parser.add_argument("--starts", type=float, required=True)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    for number in range(options.busy):
        if os.fork() == 0:
            be_busy(number, options.folder)
    rng = random.Random(7)
    write_inputs(rng, options.folder)
    if options.starts == 0:
        signal.pause()
    children, number, due = [], 0, time.monotonic()
    while True:
        children.append(subprocess.Popen(
            program(number, rng, options.folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        children = [child for child in children if child.poll() is None]
        number += 1
        due += 1 / options.starts
        time.sleep(max(0, due - time.monotonic()))


main()
