"""The same work as `benches/loader.rs`, done by torchvision v2 in PyTorch's DataLoader.

    python benches/peers/loader_torchvision.py prepare cifar10/train.parquet DIR   # needs pyarrow
    python benches/peers/loader_torchvision.py run DIR/32 --size 32
    python benches/peers/loader_torchvision.py run DIR/224 --size 224

`prepare` writes DIR/32 (the JPEG files as they are in the parquet file) and DIR/224 (some of them enlarged to 500 by 375 and
compressed again, since no photographs of that size are at hand). `run` decodes, makes two SimCLR views, batches them and
prints images per second (an image is one file, two views). `--backend pil` keeps PIL images until the end; `tensor` decodes with
torchvision.io into 8-bit tensors.
"""

import argparse
import io
import pathlib
import time

import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torchvision import io as vision_io
from torchvision.transforms import v2

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)


def prepare(parquet, directory):
    import pyarrow.parquet
    from PIL import Image

    table = pyarrow.parquet.read_table(parquet, columns=["img"])
    small, large = directory / "32", directory / "224"
    small.mkdir(parents=True, exist_ok=True)
    large.mkdir(parents=True, exist_ok=True)
    for i in range(10_000):
        data = table["img"][i].as_py()["bytes"]
        (small / f"{i:05}.jpg").write_bytes(data)
        if i < 1_000:
            picture = Image.open(io.BytesIO(data)).convert("RGB").resize((500, 375), Image.Resampling.BICUBIC)
            # without noise an enlarged thumbnail has no detail left to decode
            noise = Image.effect_noise((500, 375), 25).convert("RGB")
            Image.blend(picture, noise, 0.2).save(large / f"{i:05}.jpg", quality=90)


class Views(Dataset):
    def __init__(self, directory, size, backend):
        self.files = sorted(pathlib.Path(directory).glob("*.jpg"))
        self.backend = backend
        strength = 0.5 if size == 32 else 1.0
        jitter = v2.ColorJitter(0.8 * strength, 0.8 * strength, 0.8 * strength, 0.2 * strength)
        steps = [
            v2.RandomResizedCrop(size, scale=(0.2, 1.0) if size == 32 else (0.08, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([jitter], p=0.8),
            v2.RandomGrayscale(0.2),
        ]
        if size > 32:
            steps.append(v2.RandomApply([v2.GaussianBlur(23, (0.1, 2.0))], p=0.5))
        steps += [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
        self.view = v2.Compose(steps)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path = str(self.files[index])
        if self.backend == "pil":
            from PIL import Image

            image = Image.open(path).convert("RGB")
        else:
            image = vision_io.decode_jpeg(vision_io.read_file(path), vision_io.ImageReadMode.RGB)
        return self.view(image), self.view(image)


def run(arguments):
    dataset = Views(arguments.directory, arguments.size, arguments.backend)
    # one endless epoch: nothing waits at its end
    sampler = RandomSampler(dataset, replacement=True, num_samples=10**9)
    loader = iter(DataLoader(dataset, batch_size=arguments.batch, sampler=sampler, drop_last=True, num_workers=2))
    for _ in range(6):  # beyond what is fetched ahead
        next(loader)
    start, images = time.perf_counter(), 0
    while time.perf_counter() - start < arguments.seconds:
        images += len(next(loader)[0])
    wall = time.perf_counter() - start
    print(f"torchvision {arguments.backend} {arguments.size} images_per_s {images / wall:.1f}")


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("prepare")
    verb.add_argument("parquet", type=pathlib.Path)
    verb.add_argument("directory", type=pathlib.Path)
    verb = verbs.add_parser("run")
    verb.add_argument("directory", type=pathlib.Path)
    verb.add_argument("--size", type=int, required=True)
    verb.add_argument("--batch", type=int, default=64)
    verb.add_argument("--seconds", type=float, default=10.0)
    verb.add_argument("--backend", choices=["pil", "tensor"], default="pil")
    arguments = parser.parse_args()
    if arguments.verb == "prepare":
        prepare(arguments.parquet, arguments.directory)
    else:
        run(arguments)


main()
