#!/usr/bin/env python3
"""peak.py PROGRAM COMMAND...: runs the command and prints the most memory that processes of PROGRAM
in it (not a launcher) held together, in bytes, the seconds that it took, and those in which a
processor worked for it.

Memory is what they have for themselves (Pss_Anon), what they share with each other (Pss_Shmem), and
the pages of program and libraries once, as many as the process with the most has: the sum of Pss
as if no other program on the node used these libraries. It is looked at every 10 ms, so a peak
that lasts less can be missed; of one process alone its greatest resident set, which the kernel
keeps, is taken where that is more. Standard output of the command is dropped."""
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


def held(pid):
    """own, shared and file kB"""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            kb = {line.split()[0]: int(line.split()[1]) for line in f if line.endswith("kB\n")}
        with open(f"/proc/{pid}/status") as f:
            files = [int(line.split()[1]) for line in f if line.startswith("RssFile:")]
        return kb["Pss_Anon:"], kb["Pss_Shmem:"], files[0]
    except (OSError, KeyError, IndexError):
        return 0, 0, 0


def main():
    program = os.path.realpath(sys.argv[1])
    began = time.time()
    run = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
    ranks, peak, most, looks = [], 0, 0, 0
    while run.poll() is None:
        if looks % 10 == 0:
            ranks = [pid for pid in children(run.pid) if is_program(pid, program)]
        looks += 1
        parts = [held(pid) for pid in ranks]
        if parts:
            most = max(most, len(parts))
            peak = max(peak, sum(p[0] + p[1] for p in parts) + max(p[2] for p in parts))
        time.sleep(0.01)
    if most <= 1 and os.path.realpath(sys.argv[2]) == program:
        peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(peak * 1024, round(time.time() - began, 3), round(used.ru_utime + used.ru_stime, 3))
    sys.exit(run.returncode)


main()
