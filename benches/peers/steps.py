"""Whole training steps, `benches/step.rs` against PyTorch, in alternation on the same machine.

    cargo bench --bench step --no-run
    python benches/peers/steps.py PATH/TO/step resnet18:32:32 resnet18:32:128 small_cnn:32:128 nin:32:128 resnet50:64:16 \
        vit_tiny_4:32:32 vit_small_16:224:8 [--rounds 15] [--threads 2]

A step is forward, cross-entropy, backward and SGD with momentum and weight decay on a batch that is already in memory. PyTorch
runs in both memory formats; the faster one is what is compared. Each round times one after the other, the order alternates, and what
is printed are medians: images per second of both and the median of the rounds' ratios.
"""

import argparse
import statistics
import subprocess
import time

import torch
from torch import nn


class Nin(nn.Module):
    """RotNet's Network in Network, 4 blocks (Gidaris et al., 2018)."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        blocks = [[(192, 5), (160, 1), (96, 1)], [(192, 5), (192, 1), (192, 1)]] + 2 * [[(192, 3), (192, 1), (192, 1)]]
        for index, block in enumerate(blocks):
            for width, kernel in block:
                layers += [nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
            if index == 0:
                layers.append(nn.MaxPool2d(3, 2, 1))
            if index == 1:
                layers.append(nn.AvgPool2d(3, 2, 1))
        self.net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(192, 10))

    def forward(self, x):
        return self.net(x)


def small_cnn():
    layers, channels = [], 3
    for width in (32, 64, 128):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def network(name, side):
    if name == "small_cnn":
        return small_cnn()
    if name == "nin":
        return Nin()
    if name.startswith("resnet"):
        import torchvision

        net = getattr(torchvision.models, name)(num_classes=10)
        if side <= 64:
            net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
        return net
    import timm

    _, size, patch = name.split("_")
    return timm.create_model(f"vit_{size}_patch16_224", img_size=side, patch_size=int(patch), num_classes=10)


class Torch:
    def __init__(self, name, side, batch, channels_last):
        torch.manual_seed(0)
        format = torch.channels_last if channels_last else torch.contiguous_format
        self.net = network(name, side).train().to(memory_format=format)
        self.x = torch.randn(batch, 3, side, side).contiguous(memory_format=format)
        self.y = torch.randint(0, 10, (batch,))
        self.sgd = torch.optim.SGD(self.net.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)

    def run(self, steps):
        start = time.perf_counter()
        for _ in range(steps):
            self.sgd.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(self.net(self.x), self.y).backward()
            self.sgd.step()
        return time.perf_counter() - start


class Pretext:
    def __init__(self, program, name, side, batch, threads):
        command = [program, name, str(side), str(batch), "--serve", f"--threads={threads}"]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, steps):
        self.child.stdin.write(f"{steps}\n")
        self.child.stdin.flush()
        return float(self.child.stdout.readline())

    def end(self):
        self.child.stdin.close()
        self.child.wait()


def compare(program, case, rounds, threads):
    name, side, batch = case.split(":")
    side, batch = int(side), int(batch)
    ours = Pretext(program, name, side, batch, threads)
    both = [Torch(name, side, batch, last) for last in (False, True)]
    for one in (ours, *both):
        one.run(2)
    peer = min(both, key=lambda one: min(one.run(1) for _ in range(3)))
    times = []
    for index in range(rounds):
        if index % 2:
            b, a = peer.run(1), ours.run(1)
        else:
            a, b = ours.run(1), peer.run(1)
        times.append((a, b))
    ours.end()
    a, b = (statistics.median(column) for column in zip(*times))
    ratio = statistics.median(b / a for a, b in times)
    format = "channels last" if peer is both[1] else "channels first"
    print(f"{name:14} {side:4} px batch {batch:4}: {batch / a:8.1f} images/s, PyTorch ({format}) {batch / b:8.1f}, ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"torch {torch.__version__}, {given.threads} threads, medians of {given.rounds} rounds")
    for case in given.cases:
        compare(given.program, case, given.rounds, given.threads)
