"""Training steps on a GPU in PyTorch, eager and compiled: the other side of `cargo bench --bench step -- … --device=cuda`.

    python benches/gpu/torch_steps.py resnet18:32:512 resnet50:224:128 vit_small_16:224:256 [--steps 20] [--no-compile]

A step is forward, cross-entropy, backward and SGD with momentum and weight decay on a batch that is already there. f32 as PyTorch has it
(convolutions in TF32, products not), f32 with TF32 products, and bf16 by autocast; channels last for the conv nets. Prints the median
over the steps.
"""

import argparse
import pathlib
import statistics
import sys
import time

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
from steps import network


def measure(case, precision, compiled, steps):
    name, side, batch = case.split(":")
    side, batch = int(side), int(batch)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = precision != "f32"
    format = torch.contiguous_format if name.startswith("vit") else torch.channels_last
    net = network(name, side).cuda().train().to(memory_format=format)
    x = torch.randn(batch, 3, side, side, device="cuda").contiguous(memory_format=format)
    y = torch.randint(0, 10, (batch,), device="cuda")
    sgd = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)
    forward = torch.compile(net) if compiled else net

    def step():
        sgd.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = nn.functional.cross_entropy(forward(x).float(), y)
        loss.backward()
        sgd.step()
        return loss

    begin = time.perf_counter()
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    warm = time.perf_counter() - begin
    times = []
    for _ in range(steps):
        begin = time.perf_counter()
        step()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    median = statistics.median(times)
    peak = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    way = "compiled" if compiled else "eager"
    print(f"torch {case:22} {precision:5} {way:8}: {1e3 * median:7.2f} ms, {batch / median:9.1f} images/s, peak {peak:6.0f} MiB, first steps {warm:.1f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--no-compile", action="store_true")
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name(0)}", flush=True)
    for case in given.cases:
        for precision in ("f32", "tf32", "bf16"):
            measure(case, precision, False, given.steps)
            if not given.no_compile and precision != "tf32":
                measure(case, precision, True, given.steps)
