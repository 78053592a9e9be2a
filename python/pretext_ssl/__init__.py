"""Encoders that `pretext` has trained, as PyTorch modules.

    import pretext_ssl
    model, view = pretext_ssl.load("runs/simclr")        # or a .safetensors file that an export stage wrote
    features = model(view(picture).unsqueeze(0))         # [1, D]

`view` takes a PIL picture of any size to what the encoder was trained on. Nothing that lies in a run is executed: the file's header says
what the encoder is, and this module builds it. The program itself is installed as `pretext`.
"""

import json
import math
import pathlib
import re
import struct

__all__ = ["LoadError", "about", "load"]

# bytes of a header that are read at most
_LONGEST = 64 << 20


class LoadError(Exception):
    """There is no such encoder, or it can't be built here."""


def load(path, export=None):
    """The encoder of a run or of a file, in evaluation mode, and its preprocessing.

    path: a run directory with one export, or the .safetensors file itself. export: the file's name, where a run has several.
    Returns (model, view): a torch.nn.Module from `[B, C, H, W]` to `[B, D]`, and a torchvision transform from a PIL picture to `[C, H, W]`.
    """
    file = _file(pathlib.Path(path), export)
    said = about(file)
    model = _model(said, file)
    from safetensors.torch import load_file

    tensors = load_file(str(file))
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise LoadError(f"{file}: its tensors are not those of {said.get('encoder')}: {error}") from None
    return model.eval(), _view(said, file)


def about(path):
    """What a file of weights says about itself: encoder, task, data, licence, how its pictures were prepared; names and texts."""
    file = pathlib.Path(path)
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(size - 8, _LONGEST):
            raise LoadError(f"{file} is no safetensors file")
        text = opened.read(length)
    try:
        said = json.loads(text).get("__metadata__") or {}
    except (ValueError, AttributeError):
        raise LoadError(f"{file} is no safetensors file") from None
    if "pretext" not in said:
        raise LoadError(f"{file} was not written by an export of pretext")
    return said


def _file(path, export):
    if not path.is_dir():
        return path
    if export is not None:
        return path / export
    stages = path / "stages"
    found = [file for file in sorted(path.rglob("*.safetensors")) if stages not in file.parents and not file.is_symlink()]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(str(file.relative_to(path)) for file in found)
        raise LoadError(f"{path} has several exports: {names}; say which: load({str(path)!r}, export=NAME)")
    raise LoadError(
        f"{path} has no export: add `export weights = safetensors(\"encoder.safetensors\") {{ from = STAGE }}` to the recipe and "
        "run it again; only that stage runs"
    )


def _arguments(text):
    """`small_cnn(width = 16, pool = mean)` as (name, {"width": "16", "pool": "mean"})."""
    match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    if not match:
        raise LoadError(f"`{text}` is a net of layers: build it yourself and load the file's tensors; the run printed the lines for it")
    given = {}
    for part in filter(None, (part.strip() for part in (match.group(2) or "").split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not re.fullmatch(r"\w+", name):
            raise LoadError(f"`{text}` is no encoder that this module knows")
        given[name] = value
    return match.group(1), given


def _number(given, name, otherwise=None):
    value = given.get(name)
    if value is None:
        return otherwise
    if not re.fullmatch(r"\d{1,7}(px)?", value):
        raise LoadError(f"`{name} = {value}` is no whole number")
    return int(value.removesuffix("px"))


def _model(said, file):
    name, given = _arguments(said.get("encoder", ""))
    size = _list(said, "input_size", file)
    if len(size) != 3:
        raise LoadError(f"{file}: `{name}` takes no pictures; transformers or gensim load it")
    channels, height, width = (int(n) for n in size)
    classes = _number(given, "classes")
    if name in ("resnet18", "resnet34", "resnet50"):
        return _resnet(name, given, channels, classes)
    if name == "vit":
        return _vit(given, channels, (height, width), classes)
    if name == "small_cnn":
        return _small_cnn(channels, _number(given, "width", 32))
    if name == "nin":
        return _nin(channels, _number(given, "blocks", 4))
    raise LoadError(f"{file}: `{name}` is no encoder that torchvision, timm or this module has")


def _resnet(name, given, channels, classes):
    import torch
    import torchvision

    model = getattr(torchvision.models, name)(num_classes=classes or 1000)
    if given.get("stem") == "small":
        model.conv1 = torch.nn.Conv2d(channels, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
    elif channels != 3:
        model.conv1 = torch.nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    if classes is None:
        model.fc = torch.nn.Identity()
    return model


def _vit(given, channels, sides, classes):
    import timm

    size = given.get("size", "tiny")
    if not re.fullmatch(r"[a-z]{1,12}", size):
        raise LoadError(f"`size = {size}` is no size of a vit")
    more = {"img_size": sides, "patch_size": _number(given, "patch", 16), "in_chans": channels, "num_classes": classes or 0}
    for own, theirs in (("width", "embed_dim"), ("depth", "depth"), ("heads", "num_heads")):
        if own in given:
            more[theirs] = _number(given, own)
    if given.get("pool") == "mean":
        # timm's norm would stand behind the mean
        more.update(global_pool="avg", fc_norm=False, class_token=False)
    if given.get("pre_norm") == "on":
        more["pre_norm"] = True
    return timm.create_model(f"vit_{size}_patch16_224", **more)


def _small_cnn(channels, width):
    from collections import OrderedDict

    from torch import nn

    def block(inside, out):
        conv = nn.Conv2d(inside, out, 3, padding=1, bias=False)
        return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(out), relu=nn.ReLU(), pool=nn.MaxPool2d(2)))

    blocks = OrderedDict(conv1=block(channels, width), conv2=block(width, 2 * width), conv3=block(2 * width, 4 * width))
    blocks.update(pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten())
    return nn.Sequential(blocks)


def _nin(channels, count):
    """The Network in Network of RotNet (Gidaris et al., 2018)."""
    from collections import OrderedDict

    from torch import nn

    def layer(inside, out, kernel):
        conv = nn.Conv2d(inside, out, kernel, padding=kernel // 2, bias=False)
        return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(out), relu=nn.ReLU()))

    def three(inside, widths, kernel, end):
        a, b, c = widths
        layers = [("1", layer(inside, a, kernel)), ("2", layer(a, b, 1)), ("3", layer(b, c, 1)), ("pool", end)]
        return nn.Sequential(OrderedDict(layers))

    blocks = OrderedDict(conv1=three(channels, (192, 160, 96), 5, nn.MaxPool2d(3, 2, 1)))
    if count > 1:
        blocks["conv2"] = three(96, (192, 192, 192), 5, nn.AvgPool2d(3, 2, 1))
    for number in range(3, count + 1):
        blocks[f"conv{number}"] = three(192, (192, 192, 192), 3, nn.Identity())
    blocks.update(pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten())
    return nn.Sequential(blocks)


def _list(said, name, file):
    try:
        values = json.loads(said.get(name, "[]"))
    except ValueError:
        values = None
    sound = isinstance(values, list) and all(isinstance(value, (int, float)) and math.isfinite(value) for value in values)
    if not sound:
        raise LoadError(f"{file}: its `{name}` can't be read")
    return values


def _view(said, file):
    from torchvision import transforms

    if "channels" in said:
        raise LoadError(f"{file}: it takes {said['channels']}, which torchvision does not make; the run printed the lines for it")
    channels, height, width = (int(n) for n in _list(said, "input_size", file))
    steps = [transforms.Grayscale() if channels == 1 else transforms.Lambda(_coloured)]
    if height == width:
        steps += [transforms.Resize(height), transforms.CenterCrop(height)]
    else:
        steps.append(transforms.Resize((height, width)))
    steps.append(transforms.ToTensor())
    mean, std = _list(said, "mean", file), _list(said, "std", file)
    if mean and std:
        steps.append(transforms.Normalize(mean, std))
    return transforms.Compose(steps)


def _coloured(picture):
    return picture.convert("RGB")
