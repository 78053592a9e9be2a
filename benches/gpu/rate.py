"""Images per second of a run's one training, from the times of its steps.

    python benches/gpu/rate.py RUN BATCH [--after 20]

Prints the rate between step `--after` and the last one, and how long the steps before took.
"""

import argparse
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("run", type=pathlib.Path)
parser.add_argument("batch", type=int)
parser.add_argument("--after", type=int, default=20)
given = parser.parse_args()
for path in given.run.glob("stages/*/timing.jsonl"):
    times = {line["step"]: line["seconds"] for line in map(json.loads, path.read_text().splitlines())}
    begin = min(step for step in times if step >= given.after)
    end = max(times)
    rate = (end - begin) * given.batch / (times[end] - times[begin])
    losses = (path.parent / "metrics.jsonl").read_text().splitlines()
    print(f"pretext {path.parent.name}: {rate:9.1f} images/s over steps {begin}-{end}; first {begin} steps {times[begin]:.1f} s; last {losses[-1][:90]}")
