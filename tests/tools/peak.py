#!/usr/bin/env python3
"""peak.py PROGRAM COMMAND...: runs the command and prints the most memory that processes of PROGRAM
in it (not a launcher) held together, in bytes, the seconds that it took, and those in which a
processor worked for it.

Memory is what they have for themselves, what they share with each other (Pss_Shmem), and the pages
of program and libraries once, as many as the process with the most has: the sum of Pss as if no
other program on the node used these libraries. Every 2 ms resident memory is looked at, and every
20 ms how it divides; of one process alone its greatest resident set, which the kernel keeps, is
taken where that is more. Standard output of the command is dropped."""
import os
import resource
import subprocess
import sys
import time


def children(pid):
    """pid and all processes below it"""
    below = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
                below.setdefault(parent, []).append(int(name))
            except (OSError, IndexError):
                pass
    found = [pid]
    for pid in found:
        found += below.get(pid, [])
    return found


def is_program(pid, program):
    try:
        return os.path.samefile(f"/proc/{pid}/exe", program)
    except OSError:
        return False


PAGE = os.sysconf("SC_PAGESIZE")


def own(pid):
    """bytes that no other process has"""
    try:
        with open(f"/proc/{pid}/statm") as f:
            words = f.read().split()
        return (int(words[1]) - int(words[2])) * PAGE
    except (OSError, IndexError):
        return 0


def other(pid):
    """bytes of its part in shared memory, of files, and its greatest resident set so far"""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            part = [int(line.split()[1]) for line in f if line.startswith("Pss_Shmem:")]
        with open(f"/proc/{pid}/status") as f:
            kb = {line.split()[0]: int(line.split()[1]) for line in f if line.endswith("kB\n")}
        return part[0] * 1024, kb["RssFile:"] * 1024, kb["VmHWM:"] * 1024
    except (OSError, KeyError, IndexError):
        return 0, 0, 0


def main():
    program = os.path.realpath(sys.argv[1])
    began = time.time()
    run = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
    ranks, rest, peak, most, highest, looks = [], 0, 0, 0, 0, 0
    while run.poll() is None:
        if looks % 50 == 0:
            ranks = [pid for pid in children(run.pid) if is_program(pid, program)]
            most = max(most, len(ranks))
        if looks % 10 == 0 and ranks:
            parts = [other(pid) for pid in ranks]
            rest = sum(p[0] for p in parts) + max(p[1] for p in parts)
            highest = max([highest] + [p[2] for p in parts])
        looks += 1
        peak = max(peak, sum(own(pid) for pid in ranks) + rest)
        time.sleep(0.002)
    if most <= 1:
        peak = max(peak, highest)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(peak, round(time.time() - began, 3), round(used.ru_utime + used.ru_stime, 3))
    sys.exit(run.returncode)


main()
