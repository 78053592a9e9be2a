"""Losses of two runs of one recipe, stage by stage, side by side.

    python benches/gpu/losses.py RUN OTHER [--tolerance 0.02]

Reads the `metrics.jsonl` of each stage. For every stage it prints the loss of the first step in both runs, the largest relative
difference over the first five steps and that of the mean loss over the last ten. Fails where the first steps differ by more than a tenth of the tolerance
or the end by more than the tolerance: training amplifies rounding, so only the beginning can be close.
"""

import argparse
import json
import pathlib
import sys


def losses(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [next(value for name, value in line.items() if name not in ("step", "epoch")) for line in lines]


def off(a, b):
    return abs(a - b) / max(abs(a), abs(b), 1e-9)


parser = argparse.ArgumentParser()
parser.add_argument("runs", nargs=2, type=pathlib.Path)
parser.add_argument("--tolerance", type=float, default=0.02)
given = parser.parse_args()
failed = False
for path in sorted(given.runs[0].glob("stages/*/metrics.jsonl")):
    stage = path.parent.name
    a, b = losses(path), losses(given.runs[1] / "stages" / stage / "metrics.jsonl")
    first = off(a[0], b[0])
    early = max(off(x, y) for x, y in zip(a[:5], b[:5]))
    end = off(sum(a[-10:]) / 10, sum(b[-10:]) / 10)
    good = first <= given.tolerance / 10 and end <= given.tolerance
    failed |= not good
    print(f"{stage:10} {len(a):3} steps: first {a[0]:.5f} / {b[0]:.5f}, off {first:.1e}; steps 1-5 {early:.1e}; last ten {end:.1e} {'ok' if good else 'OFF'}")
sys.exit(failed)
