"""The run of `benches/gpu/simclr.ssl` in PyTorch on a GPU: same sizes, views, net, loss and optimiser, views by torchvision.

    python benches/gpu/torch_simclr.py [--steps 200] [--workers 16] [--precision bf16] [--compile]

50,000 random 8-bit pictures in memory stand for the data set. Prints images per second over the steps after the first twenty; an image is
one picture, that is two views.
"""

import argparse
import time

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2


class Pairs(Dataset):
    def __init__(self):
        self.pictures = torch.randint(0, 256, (50_000, 3, 32, 32), dtype=torch.uint8)
        self.view = v2.Compose(
            [
                v2.RandomResizedCrop(32, scale=(0.2, 1.0), antialias=True),
                v2.RandomHorizontalFlip(),
                v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
                v2.RandomGrayscale(0.2),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
            ]
        )

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        picture = self.pictures[index]
        return self.view(picture), self.view(picture)


def nt_xent(z, temperature):
    """z [2B, D], the two views of a picture B rows apart."""
    z = nn.functional.normalize(z.float(), dim=1)
    logits = z @ z.T / temperature
    logits.fill_diagonal_(float("-inf"))
    n = len(z)
    return nn.functional.cross_entropy(logits, (torch.arange(n, device=z.device) + n // 2) % n)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(1)
    loader = DataLoader(
        Pairs(), batch_size=given.batch, shuffle=True, drop_last=True, num_workers=given.workers, pin_memory=True, persistent_workers=True
    )
    encoder = torchvision.models.resnet18(num_classes=10)
    encoder.conv1, encoder.maxpool, encoder.fc = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity(), nn.Identity()
    head = nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 128))
    net = nn.Sequential(encoder, head).cuda().to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(net.parameters(), 0.3, momentum=0.9, weight_decay=1e-4)
    forward = torch.compile(net) if given.compile else net
    done, start, loss = 0, None, None
    while done < given.steps:
        for first, second in loader:
            x = torch.cat([first, second]).cuda(non_blocking=True).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cuda", torch.bfloat16, enabled=given.precision == "bf16"):
                z = forward(x)
            loss = nt_xent(z, 0.5)
            sgd.zero_grad(set_to_none=True)
            loss.backward()
            sgd.step()
            done += 1
            if done == 20:
                torch.cuda.synchronize()
                start = time.perf_counter()
            if done == given.steps:
                break
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    way = "compiled" if given.compile else "eager"
    rate = (given.steps - 20) * given.batch / seconds
    print(f"torch simclr {given.precision} {way}: {rate:9.1f} images/s, loss {float(loss):.3f}", flush=True)


if __name__ == "__main__":
    main()
