"""The same work as `benches/clips.rs`, done by PyAV and torchvision v2 in PyTorch's DataLoader.

    python benches/peers/clips_pyav.py FOLDER --seconds 8        # needs av, torch, torchvision

Each record is 16 frames of a film, one window after another: seeks to the key frame before, decodes, brings the shorter side to 64
pixels (antialiased, on 8-bit tensors), crops 64 by 64 at random, the same for all frames, and normalises. Two workers.
"""

import argparse
import pathlib
import time

import av
import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torchvision.transforms import v2

FRAMES, SIDE, BATCH = 16, 64, 16
MEAN, STD = (0.43, 0.40, 0.38), (0.22, 0.22, 0.22)
FILMS = {".mp4", ".avi", ".mkv", ".webm", ".mov", ".y4m"}


class Clips(Dataset):
    def __init__(self, folder):
        self.windows = []
        for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in FILMS):
            with av.open(str(path)) as film:
                times = sorted(p.pts for p in film.demux(video=0) if p.pts is not None)
            self.windows += [(str(path), times[at : at + FRAMES]) for at in range(0, len(times) - FRAMES + 1, FRAMES)]
        self.view = v2.Compose(
            [
                v2.Resize(SIDE, antialias=True),
                v2.RandomCrop(SIDE),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, index):
        path, times = self.windows[index]
        frames = []
        with av.open(path) as film:
            stream = film.streams.video[0]
            film.seek(times[0], stream=stream)
            for frame in film.decode(stream):
                if frame.pts is not None and frame.pts >= times[0]:
                    frames.append(torch.from_numpy(frame.to_ndarray(format="rgb24")))
                    if len(frames) == FRAMES:
                        break
        while len(frames) < FRAMES:
            frames.append(frames[-1])
        return self.view(torch.stack(frames).permute(0, 3, 1, 2))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clips = Clips(arguments.folder)
    # one endless epoch: nothing waits at its end
    sampler = RandomSampler(clips, replacement=True, num_samples=10**9)
    batch = min(BATCH, len(clips))
    loader = iter(DataLoader(clips, batch_size=batch, sampler=sampler, drop_last=True, num_workers=2))
    for _ in range(6):  # beyond what is fetched ahead
        next(loader)
    start, frames = time.perf_counter(), 0
    while time.perf_counter() - start < arguments.seconds:
        frames += next(loader).shape[0] * FRAMES
    wall = time.perf_counter() - start
    print(f"pyav frames_per_s {frames / wall:.1f}")


main()
