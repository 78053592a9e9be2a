"""Pairs per second of `clip` and of open_clip in PyTorch, turn by turn: ViT-tiny on pictures of 64 px in patches of 8, captions of 32 pieces, batches of 128.

    pip install torch open_clip_torch pillow
    cargo build --release
    python benches/peers/clip_open_clip.py

The same nets on both sides: a ViT of 12 blocks, 192 wide, 3 heads, with CLIP's norm before the blocks; a causal transformer of 4 blocks, 256 wide, 4 heads,
8,000 pieces; 256 features; AdamW; two threads, pinned to as many cores. A step is forward, backward and update, scale clamped. Pretext reads its pictures
from PNG files, cuts them at random and cuts its captions into pieces while it trains; PyTorch has tensors in memory, which cost it nothing. Rates are of the
steps after the first two. PyTorch runs in both of its memory formats and with both kinds of AdamW; the fastest is what is compared.
"""

import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import torch
from open_clip.loss import ClipLoss
from open_clip.model import CLIP
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parents[2]
SIDE, PATCH, LENGTH, BATCH, PIECES = 64, 8, 32, 128, 8000

RECIPE = """ssl 1

dataset drawn = image_text("pairs.csv")

fit pieces = wordpiece(size = {pieces}) {{ data = drawn.train }}

augment pair(image, text) {{
  picture = image |> random_resized_crop({side}px, scale = 0.9..1.0) |> normalize(mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5])
  caption = text |> tokenize(pieces) |> crop_tokens({length}, at = start)
  emit image = picture, text = caption
}}

pretext pairs = clip(width = 256) {{
  data          = drawn.train
  augment       = pair
  image_encoder = vit(size = tiny, patch = {patch}px, pre_norm = on)
  text_encoder  = gpt(width = 256, depth = 4, heads = 4, pool = last, dropout = 0%)
  batch         = {batch}
  length        = {steps} steps
}}

run {{ seed = {seed}, threads = {threads}, workers = 1 }}
"""


class Pretext:
    name = "pretext"

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        draw = random.Random(1)
        words = [f"w{rank}" for rank in range(PIECES)]
        (folder / "pictures").mkdir()
        with open(folder / "pairs.csv", "w") as out:
            out.write("image,caption\n")
            for number in range(4 * BATCH):
                picture = Image.frombytes("RGB", (SIDE, SIDE), draw.randbytes(3 * SIDE * SIDE))
                picture.save(folder / f"pictures/{number}.png")
                out.write(f"pictures/{number}.png,{' '.join(draw.choices(words, k=LENGTH))}\n")

    def run(self, seed, steps):
        args = self.args
        recipe = RECIPE.format(
            pieces=PIECES, side=SIDE, length=LENGTH, patch=PATCH, batch=BATCH, steps=steps, seed=seed, threads=args.threads
        )
        (self.folder / "recipe.ssl").write_text(recipe)
        subprocess.run(["rm", "-rf", "run"], cwd=self.folder, check=True)
        command = [args.pretext, "run", "recipe.ssl", "--out", "run"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        lines = (self.folder / "run/stages/pairs/timing.jsonl").read_text().splitlines()
        times = {line["step"]: line["seconds"] for line in map(json.loads, lines)}
        # a line may stand for several steps
        first, last = min(step for step in times if step >= 2), max(times)
        return BATCH * (last - first) / (times[last] - times[first]) if last > first else 0.0


class OpenClip:
    def __init__(self, channels_last, fused):
        torch.manual_seed(0)
        self.name = f"open_clip, {'channels last' if channels_last else 'contiguous'}, {'fused' if fused else 'plain'} AdamW"
        vision = {"image_size": SIDE, "patch_size": PATCH, "layers": 12, "width": 192, "head_width": 64}
        text = {"context_length": LENGTH, "vocab_size": PIECES, "width": 256, "heads": 4, "layers": 4}
        self.model = CLIP(embed_dim=256, vision_cfg=vision, text_cfg=text).train()
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.model = self.model.to(memory_format=self.format)
        self.loss = ClipLoss()
        self.adamw = torch.optim.AdamW(self.model.parameters(), 5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2, fused=fused)
        self.pictures = torch.randn(BATCH, 3, SIDE, SIDE).contiguous(memory_format=self.format)
        self.texts = torch.randint(1, PIECES - 1, (BATCH, LENGTH))
        self.texts[:, -1] = PIECES - 1

    def step(self):
        image, text, scale = self.model(self.pictures, self.texts)[:3]
        loss = self.loss(image, text, scale)
        self.adamw.zero_grad(set_to_none=True)
        loss.backward()
        self.adamw.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(100))
        return loss.item()

    def run(self, _seed, steps):
        for _ in range(min(2, steps - 1)):
            self.step()
        start = time.perf_counter()
        count = max(steps - 2, 1)
        for _ in range(count):
            self.step()
        return BATCH * count / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=10, help="of each turn; the first two do not count")
    parser.add_argument("--pretext", default=str(HERE / "target/release/pretext"))
    args = parser.parse_args()
    os.sched_setaffinity(0, range(args.threads))
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        ours = Pretext(args, pathlib.Path(folder))
        kinds = [OpenClip(channels_last, fused) for channels_last in (True, False) for fused in (True, False)]
        peer = max(kinds, key=lambda kind: max(kind.run(0, 4) for _ in range(2)))
        del kinds
        rates = []
        for turn in range(args.rounds):
            pair = [ours, peer] if turn % 2 == 0 else [peer, ours]
            found = {one.name: one.run(turn + 1, args.steps) for one in pair}
            rates.append((found[ours.name], found[peer.name]))
            print("pretext %.1f, open_clip %.1f pairs/s" % rates[-1], flush=True)
    ratios = [a / b for a, b in rates]
    a, b = (statistics.median(column) for column in zip(*rates))
    print(
        f"batch {BATCH}, {args.threads} threads, {args.rounds} rounds of {args.steps} steps, PyTorch {torch.__version__} ({peer.name}): "
        f"pretext {a:.1f}, open_clip {b:.1f} pairs/s, ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
