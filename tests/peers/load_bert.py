"""Loads an export of bert into transformers and compares what it computes.

    python tests/peers/load_bert.py DIRECTORY lines.py texts.json outputs.safetensors

DIRECTORY holds `model.safetensors` with what lies beside it; `lines.py` the lines that the run printed. `texts.json` has under `one`
and `two` lists of [first, second or null]; `outputs.safetensors` what Pretext made of them: `one.ids [T, n]` and their `features
[T, D]`; `ids` and `kinds [T, n]` with `hidden [T, n, D]`, and the scores of the heads, `words [T n, V]` and `order [T, 2]`, where the
task has them. Exits with 1 where something is missing or left over, a text is cut otherwise, or outputs differ by more than 1e-5; with 77
where a package is missing.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import torch
    import transformers
    from safetensors.torch import load_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

transformers.logging.set_verbosity_error()


def strict(folder, trained_pooler):
    """The model that the config names, filled by `load_state_dict(strict=True)`."""
    config = transformers.AutoConfig.from_pretrained(folder)
    name = config.architectures[0]
    options = {} if trained_pooler or name != "BertModel" else {"add_pooling_layer": False}
    model = getattr(transformers, name)(config, **options)
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    return model.eval()


def compare(name, found, expected):
    apart = (found - expected).abs().max().item()
    print(f"  {name}: largest difference {apart:.1e}, largest number {expected.abs().max().item():.2g}")
    return apart <= 1e-5


def outputs(model, batch):
    """What a model of any class gives: hidden states, scores of words, scores of the order."""
    encoder = getattr(model, "bert", model)
    with torch.no_grad():
        made = {"hidden": encoder(**batch).last_hidden_state}
        if encoder is not model:
            scored = model(**batch)
            words = scored.get("prediction_logits", scored.get("logits"))
            order = scored.get("seq_relationship_logits")
            if type(model).__name__ == "BertForNextSentencePrediction":
                words, order = None, words
            made |= {} if words is None else {"words": words.flatten(0, 1)}
            made |= {} if order is None else {"order": order}
    return made


def main():
    folder, lines, texts, expected = map(pathlib.Path, sys.argv[1:])
    texts, expected = json.loads(texts.read_text()), load_file(expected)
    space = {}
    exec(lines.read_text(), space)
    model, tokenizer = space["model"], space["tokenizer"]
    names = load_file(folder / "model.safetensors").keys()
    pooler = any("pooler" in name for name in names)
    print(f"{type(model).__name__}, {'with' if pooler else 'without'} a pooler, transformers {transformers.__version__}")

    fine = not model.training
    options = {} if pooler else {"add_pooling_layer": False}
    kinds = [(type(model), {} if hasattr(model, "bert") else options)]
    if not hasattr(model, "bert"):
        kinds.append((transformers.AutoModel, options))
    for kind, options in kinds:
        _, info = kind.from_pretrained(folder, output_loading_info=True, **options)
        wrong = {key: list(value) for key, value in info.items() if value}
        print(f"  {kind.__name__}.from_pretrained: {wrong or 'nothing missing, nothing left over'}")
        fine &= not wrong

    def cut(pairs):
        first = [first for first, _ in pairs]
        second = [second for _, second in pairs]
        second = second if second[0] is not None else None
        return tokenizer(first, second, padding="max_length", return_tensors="pt")

    same = torch.equal(cut(texts["one"])["input_ids"], expected["one.ids"])
    batch = cut(texts["two"])
    same &= torch.equal(batch["input_ids"], expected["ids"]) and torch.equal(batch["token_type_ids"], expected["kinds"])
    print(f"  texts are cut {'alike' if same else 'otherwise'}")
    fine &= same

    for how, loaded in [("strict", strict(folder, pooler)), ("printed lines", model)]:
        for name, found in outputs(loaded, batch).items():
            fine &= compare(f"{how}, {name}", found, expected[name])
    if "features" in space:
        with torch.no_grad():
            view = space["view"]([first for first, _ in texts["one"]])
            found = space["features"](view)
        fine &= compare("printed lines, features", found, expected["features"])
    sys.exit(0 if fine else 1)


main()
