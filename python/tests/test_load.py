"""The wheel, where it is installed: the program runs, and what it exports is loaded.

    pip install '.[torch]' && python python/tests/test_load.py
"""

import json
import pathlib
import struct
import subprocess
import tempfile

import torch
from PIL import Image

import pretext_ssl

RECIPE = """ssl 1

dataset figures = shapes(train = 64, test = 32)

pretext small = rotation() {{
  data = figures.train, encoder = {net}, batch = 8, length = 4 steps, optimizer = adamw(1e-3)
}}

export weights = safetensors("encoder.safetensors") {{ from = small }}
"""

NETS = {
    "small_cnn(width = 4)": 16,
    "nin(blocks = 3)": 192,
    "resnet18(stem = small)": 512,
    "vit(patch = 8px, width = 24, depth = 2, heads = 3)": 24,
    "vit(patch = 8px, width = 24, depth = 2, heads = 3, pool = mean)": 24,
}


def pretext(folder, *args):
    done = subprocess.run(["pretext", *args], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def loads(folder, net, width):
    (folder / "recipe.ssl").write_text(RECIPE.format(net=net))
    pretext(folder, "run", "recipe.ssl", "--quiet", "--out", "run")
    model, view = pretext_ssl.load(folder / "run")
    assert not model.training
    for mode, sides in (("RGB", (40, 50)), ("L", (32, 32)), ("RGBA", (20, 90))):
        picture = view(Image.new(mode, sides, 100))
        assert picture.shape == (3, 32, 32), picture.shape
        with torch.no_grad():
            features = model(picture.unsqueeze(0))
        assert features.shape == (1, width), (net, features.shape)
        assert features.isfinite().all()
    assert pretext_ssl.about(folder / "run" / "encoder.safetensors")["task"] == "rotation"


def refused(path, why):
    try:
        pretext_ssl.load(path)
    except pretext_ssl.LoadError as error:
        assert why in str(error), error
    else:
        raise AssertionError(f"{path} is loaded")


def forged(path, about):
    header = json.dumps({"__metadata__": about}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def main():
    for net, width in NETS.items():
        with tempfile.TemporaryDirectory() as folder:
            loads(pathlib.Path(folder), net, width)
            print(f"{net}: loaded")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        refused(folder, "has no export")
        (folder / "short.safetensors").write_bytes(b"123")
        refused(folder, "is no safetensors file")
        (folder / "short.safetensors").unlink()
        refused(forged(folder / "a.safetensors", {"format": "pt"}), "was not written by an export")
        own = {"pretext": "0", "input_size": "[3, 32, 32]"}
        refused(forged(folder / "b.safetensors", {**own, "encoder": "__import__('os')"}), "is no")
        refused(forged(folder / "c.safetensors", {**own, "encoder": "os(x = 1)"}), "is no encoder")
        refused(forged(folder / "d.safetensors", {**own, "encoder": "small_cnn(width = 4)"}), "are not those of")
        refused(folder, "several exports")
    print("all sound")


if __name__ == "__main__":
    main()
