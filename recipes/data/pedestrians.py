"""Cuts a film of a camera that stands still (opencv-doc's vtest.avi: people who cross a square) into what the recipes on real clips take:

    python recipes/data/pedestrians.py /usr/share/doc/opencv-doc/examples/data/vtest.avi pedestrians

    pedestrians/clips/NUMBER/*.png                       windows of 16 frames, 128 × 96 pixels and overlapping: video_folder("pedestrians/clips")
    pedestrians/davis/{JPEGImages,Annotations}/NUMBER    64 × 64 pixels around somebody who moves, and where, in the layout of DAVIS: davis("pedestrians/davis")

The first two thirds of the film become clips, the last third masks. Nobody has drawn these: a pixel is on a mask where it differs from the median of the film,
and the piece of such pixels is followed from frame to frame by its overlap. Needs ffmpeg, numpy, scipy and Pillow.
"""

import pathlib
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image
from scipy import ndimage

film, out = sys.argv[1], pathlib.Path(sys.argv[2])
HEIGHT, WIDTH, LENGTH, SIDE = 192, 256, 20, 64


def frames(height, width):
    command = ["ffmpeg", "-v", "error", "-i", film, "-vf", f"scale={width}:{height}:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def save(picture, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


shutil.rmtree(out, ignore_errors=True)
small = frames(96, 128)
train = len(small) * 2 // 3
for number, start in enumerate(range(0, train - 16, 4)):
    for at in range(16):
        save(small[start + at], out / f"clips/{number:03}/{at:02}.png")

whole = frames(HEIGHT, WIDTH)
median = np.median(whole[::5], axis=0)
moving = np.abs(whole[train:].astype(float) - median).max(axis=3) > 40
moving = np.stack([ndimage.binary_opening(ndimage.binary_closing(m, iterations=2)) for m in moving])
count = 0
for start in range(0, len(moving) - LENGTH, LENGTH // 2):
    labels, n = ndimage.label(moving[start])
    for label in range(1, n + 1):
        mask = labels == label
        if not 80 <= mask.sum() <= 700:
            continue
        masks = [mask]
        for at in range(1, LENGTH):
            pieces, m = ndimage.label(moving[start + at])
            overlap = np.bincount(pieces[masks[-1]], minlength=m + 1)
            overlap[0] = 0
            piece = pieces == overlap.argmax()
            # what meets somebody else, parts or goes away is no track
            if overlap.max() == 0 or not 0.6 < piece.sum() / masks[-1].sum() < 1.6:
                break
            masks.append(piece)
        if len(masks) < LENGTH:
            continue
        y, x = np.nonzero(np.any(masks, axis=0))
        if np.ptp(y) >= SIDE - 4 or np.ptp(x) >= SIDE - 4:
            continue
        top = int(np.clip((y.min() + y.max()) // 2 - SIDE // 2, 0, HEIGHT - SIDE))
        left = int(np.clip((x.min() + x.max()) // 2 - SIDE // 2, 0, WIDTH - SIDE))
        middle = lambda m: np.array(ndimage.center_of_mass(m))
        if np.linalg.norm(middle(masks[0]) - middle(masks[-1])) < 8:
            continue
        for at, mask in enumerate(masks):
            window = np.s_[top : top + SIDE, left : left + SIDE]
            save(whole[train + start + at][window], out / f"davis/JPEGImages/{count:03}/{at:05}.png")
            save((mask[window] * 255).astype(np.uint8), out / f"davis/Annotations/{count:03}/{at:05}.png")
        count += 1
print(f"{number + 1} clips, {count} masked clips")
