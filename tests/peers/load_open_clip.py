"""Loads an export into open_clip, strictly, and compares what both encoders give.

    python tests/peers/load_open_clip.py DIRECTORY lines.py texts.json outputs.safetensors

DIRECTORY holds `open_clip_model.safetensors` with what lies beside it; `lines.py` the lines that the run printed. `outputs.safetensors` has `pictures
[T, C, H, W]` as the encoder takes them and the `ids [T, n]` of the texts of `texts.json`, with what Pretext made of them: `image_features` and
`text_features [T, d]`, of length 1, and `scale [1]`. Exits with 1 where something is missing or left over, a text is cut otherwise, or outputs differ by
more than 1e-5; with 77 where a package is missing.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import open_clip
    import torch
    from safetensors.torch import load_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def compare(name, found, expected):
    apart = (found - expected).abs().max().item()
    print(f"  {name}: largest difference {apart:.1e}, largest number {expected.abs().max().item():.2g}")
    return apart <= 1e-5


def main(folder, lines, texts, outputs):
    folder = pathlib.Path(folder)
    config = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    model = open_clip.model.CLIP(**config).eval()
    model.load_state_dict(load_file(folder / "open_clip_model.safetensors"), strict=True)
    # the same by the lines
    names = {}
    exec(pathlib.Path(lines).read_text(), names)
    for name, value in model.state_dict().items():
        assert torch.equal(value, names["model"].state_dict()[name]), name
    wanted = load_file(outputs)
    ids = names["tokenizer"](json.loads(pathlib.Path(texts).read_text()))
    assert torch.equal(ids, wanted["ids"]), (ids, wanted["ids"])
    with torch.no_grad():
        image, text, scale = model(wanted["pictures"], ids)[:3]
    good = [
        compare("image_features", image, wanted["image_features"]),
        compare("text_features", text, wanted["text_features"]),
        compare("scale", scale.reshape(1), wanted["scale"]),
    ]
    sys.exit(0 if all(good) else 1)


main(*sys.argv[1:])
