"""Scores an export in PyTorch from its files alone, and compares with the score that Pretext gave the encoder.

    python tests/peers/score_export.py weights.safetensors lines.py TRAIN TEST K TEMPERATURE ACCURACY

`lines.py` holds the lines that the run printed: they leave `model` and `view`. TRAIN and TEST are folders with one folder of
pictures per class. The kNN vote is written here anew (Wu et al., 2018). Where `config.json` names a model that timm has,
timm's own way of loading a folder must give the same features. Exits with 1 where something differs; with 77 where a package is
missing.
"""

import json
import pathlib
import sys

try:
    import numpy as np
    import torch
    import torchvision  # noqa: F401, the lines use it
    from PIL import Image
    from safetensors import safe_open
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def features(model, view, folder):
    """Rows of length 1, and the class of each."""
    rows, labels = [], []
    classes = sorted(path for path in pathlib.Path(folder).iterdir())
    with torch.no_grad():
        for label, name in enumerate(classes):
            pictures = [view(Image.open(path).convert("RGB")) for path in sorted(name.iterdir())]
            rows.append(model(torch.stack(pictures)))
            labels += [label] * len(pictures)
    rows = torch.cat(rows).double()
    return torch.nn.functional.normalize(rows, dim=1), np.array(labels)


def vote(train, train_labels, test, k, temperature):
    similarity, nearest = (test @ train.T).topk(k, dim=1)
    weight = (similarity / temperature).exp()
    votes = torch.zeros(len(test), train_labels.max() + 1, dtype=torch.float64)
    votes.scatter_add_(1, torch.from_numpy(train_labels)[nearest], weight)
    return votes.argmax(1).numpy()


def main():
    weights, lines, train, test, k, temperature, accuracy = sys.argv[1:]
    with safe_open(weights, "pt") as file:
        about = file.metadata()
    config = json.loads(pathlib.Path(weights).with_name("config.json").read_text())
    cfg = config["pretrained_cfg"]
    assert json.loads(about["mean"]) == cfg["mean"], (about["mean"], cfg["mean"])
    assert json.loads(about["std"]) == cfg["std"]
    assert json.loads(about["input_size"]) == cfg["input_size"]

    space = {}
    try:
        exec(pathlib.Path(lines).read_text(), space)
    except ImportError as missing:
        print(f"skipped: {missing}")
        sys.exit(77)
    model, view = space["model"], space["view"]
    normalize = view.transforms[-1]
    assert list(normalize.mean) == cfg["mean"] and list(normalize.std) == cfg["std"]

    bank, bank_labels = features(model, view, train)
    asked, asked_labels = features(model, view, test)
    assert bank.shape[1] == config["num_features"], (bank.shape, config["num_features"])
    found = (vote(bank, bank_labels, asked, int(k), float(temperature)) == asked_labels).mean()
    print(f"{about['encoder']}: {found:.6f} in PyTorch, {float(accuracy):.6f} in Pretext")
    if abs(found - float(accuracy)) > 1e-9:
        sys.exit(1)

    import timm

    if config["architecture"] in timm.list_models() and "stem = small" not in about["encoder"]:
        loaded = timm.create_model(f"local-dir:{pathlib.Path(weights).parent}", pretrained=True).eval()
        data = timm.data.resolve_data_config({}, model=loaded)
        assert list(data["mean"]) == cfg["mean"] and list(data["input_size"]) == cfg["input_size"], data
        assert loaded.num_features == config["num_features"]
        theirs, _ = features(loaded, view, test)
        apart = (theirs - asked).abs().max().item()
        print(f"timm reads the folder as {config['architecture']}: largest difference {apart:.1e}")
        if apart > 1e-6:
            sys.exit(1)


main()
