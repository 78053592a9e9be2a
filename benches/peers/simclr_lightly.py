"""The experiment of `recipes/simclr_cifar10.ssl` in PyTorch with lightly: same pictures, views, net, loss, batch and schedule.

    python benches/peers/simclr_lightly.py cifar10/train.parquet --steps 200    # needs torch, torchvision, lightly, pyarrow

Prints images per second over the steps after the first ten, the last loss, the peak memory of the training process, and what it
and its loader processes hold together at the end. An image is one picture of the data set, that is two views. `--channels-last` takes PyTorch's other memory format.
`--pil` keeps PIL images through the transforms; the default decodes and transforms 8-bit tensors.
"""

import argparse
import io
import math
import pathlib
import time

import pyarrow.parquet
import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import io as vision_io
from torchvision.transforms import v2

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)


class Pairs(Dataset):
    def __init__(self, parquet, pil):
        table = pyarrow.parquet.read_table(parquet, columns=["img"])
        # 95% of the split, as `hold_out(5%)` leaves them
        self.files = [row["bytes"] for row in table["img"].to_pylist()][: len(table) * 95 // 100]
        self.pil = pil
        self.view = v2.Compose(
            [
                v2.RandomResizedCrop(32, scale=(0.2, 1.0), antialias=True),
                v2.RandomHorizontalFlip(),
                v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
                v2.RandomGrayscale(0.2),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        if self.pil:
            from PIL import Image

            image = Image.open(io.BytesIO(self.files[index])).convert("RGB")
        else:
            data = torch.frombuffer(bytearray(self.files[index]), dtype=torch.uint8)
            image = vision_io.decode_jpeg(data, vision_io.ImageReadMode.RGB)
        return self.view(image), self.view(image)


def small_cnn(width):
    """[B, 3, 32, 32] -> [B, 4 width]"""
    blocks, inside = [], 3
    for channels in (width, 2 * width, 4 * width):
        blocks += [nn.Conv2d(inside, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2)]
        inside = channels
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def memory():
    """Peak resident bytes of this process alone, and what it and its loader processes hold at the end, shared pages divided."""

    def field(path, name):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        return 0

    own = torch.multiprocessing.current_process().pid
    children = pathlib.Path(f"/proc/self/task/{own}/children").read_text().split()
    held = sum(field(f"/proc/{process}/smaps_rollup", "Pss:") for process in ["self", *children])
    return field("/proc/self/status", "VmHWM:"), held


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parquet", type=pathlib.Path)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--steps", type=int, help="stop after so many steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--pil", action="store_true")
    arguments = parser.parse_args()

    torch.manual_seed(7)
    torch.set_num_threads(arguments.threads)
    data = Pairs(arguments.parquet, arguments.pil)
    loader = DataLoader(data, batch_size=arguments.batch, shuffle=True, drop_last=True, num_workers=arguments.workers, persistent_workers=True)
    encoder = small_cnn(arguments.width)
    head = SimCLRProjectionHead(4 * arguments.width, 128, 64)
    net = nn.Sequential(encoder, head)
    if arguments.channels_last:
        net = net.to(memory_format=torch.channels_last)
    decayed = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 1e-4}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=2e-3)
    steps, warmup = arguments.epochs * len(loader), len(loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (step + 1) / warmup if step < warmup else 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))),
    )
    criterion = NTXentLoss(temperature=0.5)

    done, start, loss = 0, None, None
    last = min(steps, arguments.steps or steps)
    while done < last:
        for first, second in loader:
            x = torch.cat([first, second])  # [2 B, 3, 32, 32]
            if arguments.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            z = net(x)  # [2 B, 64]
            loss = criterion(*z.chunk(2))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            done += 1
            if done == 10:
                start = time.perf_counter()
            if done == last:
                break
    seconds = time.perf_counter() - start
    rate = (done - 10) * arguments.batch / seconds
    peak, held = (size / 2**20 for size in memory())
    print(f"lightly steps {done} images_per_s {rate:.1f} loss {loss.item():.4f} peak_mib {peak:.0f} with_workers_mib {held:.0f}")


main()
