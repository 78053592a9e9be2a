"""Whether two commits train the same bytes: weights, metrics, results and the hashes of stages.

    python benches/same_bytes.py OLD NEW [--steps 20] [--only NAME …]

OLD and NEW are commits, which are built one after the other in a checkout of their own, or programs that are built already (paths).
Runs `quickstart` whole, one epoch of `rotation_fashion`, and the first steps of `mae_fashion` and of each `*_shapes` recipe of OLD, on one thread's order of
additions (both with the same `--set`). A recipe whose data are not on this machine is left out and said. Exit code 1 where a byte differs.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# times differ, and these hold nothing else that a file beside them does not
TIMES = {"lock", "report.html", "run.json"}


def built(what, work):
    """The program, and the folder of its recipes."""
    path = pathlib.Path(what)
    if path.is_file():
        return path.resolve(), ROOT / "recipes"
    tree = work / re.sub(r"\W", "_", what)
    subprocess.run(["git", "worktree", "add", "--detach", "-q", tree, what], cwd=ROOT, check=True)
    try:
        command = ["cargo", "build", "--release", "--bin", "pretext", "--target-dir", work / "target"]
        subprocess.run(command, cwd=tree, check=True)
        program = work / f"{tree.name}.program"
        program.write_bytes((work / "target" / "release" / "pretext").read_bytes())
        program.chmod(0o755)
        recipes = work / f"{tree.name}.recipes"
        (tree / "recipes").rename(recipes)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
    return program, recipes


def length(text, steps):
    """The setting that shortens the recipe's pretext stages."""
    stages = re.findall(r"^pretext (\w+) *=", text, re.M)
    return [part for stage in stages for part in ("--set", f"{stage}.length={steps}")]


def files(run):
    found = {str(path.relative_to(run)): path for path in sorted(run.rglob("*")) if path.is_file() and path.name not in TIMES and not path.name.startswith("timing")}
    return {name: path.read_bytes() for name, path in found.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--only", nargs="*")
    given = parser.parse_args()
    differ = 0
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        old, recipes = built(given.old, work)
        new, _ = built(given.new, work)
        cases = [("quickstart", None), ("rotation_fashion", "1 epochs"), ("mae_fashion", f"{given.steps} steps")]
        cases += [(path.stem, f"{given.steps} steps") for path in sorted(recipes.glob("*_shapes.ssl"))]
        for name, short in cases:
            if given.only and name not in given.only:
                continue
            recipe = recipes / f"{name}.ssl"
            settings = length(recipe.read_text(), short) if short else []
            runs = []
            for side, program in (("old", old), ("new", new)):
                out = work / f"{name}-{side}"
                command = [program, "run", recipe, *settings, "--offline", "--out", out, "-q"]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    print(f"{name:24} not run: {done.stderr.strip().splitlines()[:1]}")
                    break
                runs.append(files(out))
            if len(runs) < 2:
                # data that are missing are no difference; what only one of the two can run is
                differ += len(runs)
                continue
            a, b = runs
            odd = sorted(name for name in a if a[name] != b.get(name))
            more = sorted(set(b) - set(a))
            differ += bool(odd)
            print(f"{name:24} {len(a)} files, " + (f"other bytes in {', '.join(odd)}" if odd else "the same") + (f"; also {', '.join(more)}" if more else ""))
    sys.exit(1 if differ else 0)


main()
