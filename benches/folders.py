"""Times a folder of many files: `check`, the first run, a finished run; and counts system calls where strace is there.

    python benches/folders.py target/release/pretext /tmp/many --files 100000

Bars, with a warm cache: `check` 0.3 s, a finished run 0.6 s, 80 MB at most.
"""

import argparse
import os
import resource
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

RECIPE = """ssl 1
dataset many = image_folder("many")
pretext net = rotation() {
  data = many.train
  encoder = small_cnn(width = 4)
  batch = 4
  length = 1 steps
}
"""


def png(n):
    """A picture of 8 x 8 pixels that differs with n."""
    rows = b"".join(b"\0" + struct.pack("<I", (n * 2654435761 + y) % 2**32) * 6 for y in range(8))
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]:
        out += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return out


def make(folder, files, classes=100):
    root = folder / "many" / "train"
    for c in range(classes):
        (root / f"class{c:03}").mkdir(parents=True, exist_ok=True)
    for n in range(files):
        (root / f"class{n % classes:03}" / f"picture{n:07}.png").write_bytes(png(n))
    (folder / "many.ssl").write_text(RECIPE)


def timed(what, command, folder, env):
    began = time.perf_counter()
    pid = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    print(f"{what:22} {wall:7.2f} s wall {used.ru_utime + used.ru_stime:6.2f} s cpu {used.ru_maxrss / 1024:6.0f} MB  exit {code}")


def calls(what, command, folder, env):
    if not shutil.which("strace"):
        return
    out = folder / "calls.txt"
    subprocess.run(["strace", "-f", "-c", "-o", out, *command], cwd=folder, env=env, capture_output=True)
    total = [line for line in out.read_text().splitlines() if line.endswith("total")]
    print(f"{what:22} {total[0].split()[3] if total else '?':>9} system calls")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pretext", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not (args.folder / "many.ssl").exists():
        make(args.folder, args.files)
    cache = args.folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    shutil.rmtree(args.folder / "runs", ignore_errors=True)
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    exe = str(args.pretext.resolve())
    check, run = [exe, "check", "many.ssl"], [exe, "run", "many.ssl"]
    timed("check", check, args.folder, env)
    timed("check again", check, args.folder, env)
    timed("first run (hashes)", run, args.folder, env)
    for _ in range(3):
        timed("finished run", run, args.folder, env)
    calls("check", check, args.folder, env)
    calls("finished run", run, args.folder, env)


main()
