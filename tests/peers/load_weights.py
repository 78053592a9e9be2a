"""Loads exported weights into torchvision or timm and compares outputs.

    python tests/peers/load_weights.py MODEL weights.safetensors outputs.safetensors [relative]

MODEL: a torchvision name (`resnet18`), or a timm name with `timm:` in front (`timm:vit_tiny_patch16_224`); `?key=value`
pairs behind it go to the constructor. `outputs.safetensors` holds `input [B, 3, H, W]` and `output [B, D]`, computed by
Pretext in evaluation mode. Exits with 1 where they differ by more than 1e-5, with `relative` by more than 1e-5 of the largest
output; with 77 where a package is missing.
"""

import sys

try:
    import torch
    from safetensors.torch import load_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def make(name):
    name, _, options = name.partition("?")
    pairs = (pair.split("=") for pair in options.split("&") if pair)
    options = {key: int(value) for key, value in pairs}
    if name.startswith("timm:"):
        import timm

        return timm.create_model(name.removeprefix("timm:"), **options)
    import torchvision

    return torchvision.models.get_model(name, **options)


def main():
    name, weights, outputs, *relative = sys.argv[1:]
    try:
        model = make(name)
    except ImportError as missing:
        print(f"skipped: {missing}")
        sys.exit(77)
    model.load_state_dict(load_file(weights), strict=True)
    model.eval()
    expected = load_file(outputs)
    with torch.no_grad():
        output = model(expected["input"])
    error = (output - expected["output"]).abs().max().item()
    scale = output.abs().max().item()
    print(f"{name}: largest difference {error:.2e}, largest output {scale:.2e}")
    sys.exit(0 if error <= 1e-5 * (scale if relative else 1.0) else 1)


main()
