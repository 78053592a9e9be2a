"""Texts per second of `masked_tokens` with `bert(size = mini)` and of transformers' `BertForMaskedLM` in PyTorch, turn by turn.

    pip install torch transformers
    cargo build --release
    python benches/peers/bert_transformers.py                       # texts of 128 pieces, 30,522 pieces in the vocabulary
    python benches/peers/bert_transformers.py --vocabulary 8000
    python benches/peers/bert_transformers.py --mixed --steps 62    # texts of 16 to 128 pieces

The same net on both sides: 4 blocks, 256 wide, 4 heads, the hidden pieces scored by the embeddings of all pieces, dropout 10% behind
each sum and none of the attention's weights, AdamW, batches of 32; 15% of the pieces are hidden. Both are pinned to as many cores as
there are threads. A step is everything: pieces are hidden, forward, backward, update. Pretext reads its texts from a file and cuts them
into pieces while it trains; PyTorch has whole numbers in memory, which cost it nothing. Rates are of the steps after the first two.

transformers scores all places of a text, Pretext those that `masked_tokens` has room for (20%): `--only-hidden` makes PyTorch score the
hidden places alone, which `BertForMaskedLM` does not. PyTorch runs with its fused scaled dot products and with plain ones, and with both
kinds of AdamW; the fastest is what is compared. With `--mixed` it fills the texts of a batch up to the longest of them, as
`DataCollatorForLanguageModeling` does, and Pretext takes texts of like length together (`batches = by_length`).
"""

import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import torch
from transformers import BertConfig, BertForMaskedLM

HERE = pathlib.Path(__file__).resolve().parents[2]
BATCH, LENGTH, HIDDEN = 32, 128, 0.15

RECIPE = """ssl 1

dataset texts = text_lines("texts.txt")

fit pieces = wordpiece(size = {vocabulary}) {{ data = texts.train }}

augment masked(text) {{
  (input, target) = text |> tokenize(pieces) |> crop_tokens({length}) |> mask_tokens(15%)
  emit input, target
}}

pretext words = masked_tokens() {{
  data    = texts.train
  augment = masked
  encoder = bert(size = mini)
  batch   = {batch}
  length  = {steps} steps
  batches = {batches}
}}

run {{ seed = {seed}, threads = {threads}, workers = 1 }}
"""


def lengths(count, mixed):
    """Words of each text: two more than are kept, or spread evenly over the logarithm of 16 to 128."""
    spread = random.Random(1)
    even = lambda: round(math.exp(spread.uniform(math.log(16), math.log(LENGTH))))
    return [even() if mixed else LENGTH + 2 for _ in range(count)]


def write(path, vocabulary, of):
    """Texts of these lengths, of words as frequent as Zipf's law has them; all words stand in the first ones."""
    draw = random.Random(2)
    ranks = range(vocabulary)
    weights = [1 / (rank + 10) for rank in ranks]
    with open(path, "w") as file:
        file.write(" ".join(f"w{rank}" for rank in ranks) + "\n")
        for length in of:
            file.write(" ".join(f"w{rank}" for rank in draw.choices(ranks, weights, k=length)) + "\n")


class Pretext:
    def __init__(self, args, folder, of):
        self.args, self.folder = args, folder
        write(folder / "texts.txt", args.vocabulary, of)
        self.run(1, 2)
        tokenizer = next((folder / "run").glob("stages/pieces/tokenizer.json"))
        self.vocabulary = len(json.loads(tokenizer.read_text())["model"]["vocab"])

    def run(self, seed, steps):
        args = self.args
        recipe = RECIPE.format(vocabulary=args.vocabulary, length=LENGTH, batch=BATCH, steps=steps, seed=seed, threads=args.threads,
                               batches="by_length" if args.mixed else "mixed")
        (self.folder / "recipe.ssl").write_text(recipe)
        subprocess.run(["rm", "-rf", "run"], cwd=self.folder, check=True)
        command = [args.pretext, "run", "recipe.ssl", "--out", "run", "--data", "texts.txt=texts.txt"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        lines = (self.folder / "run/stages/words/timing.jsonl").read_text().splitlines()
        times = {line["step"]: line["seconds"] for line in map(json.loads, lines)}
        # a line may stand for several steps
        first = min((step for step in times if step >= 2))
        last = max(times)
        return BATCH * (last - first) / (times[last] - times[first]) if last > first else 0.0


class Transformers:
    def __init__(self, args, vocabulary, of, attention, fused):
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=vocabulary, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024,
            max_position_embeddings=LENGTH, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.0,
        )
        self.name = f"{attention}, {'fused' if fused else 'plain'} AdamW"
        self.args, self.vocabulary = args, vocabulary
        self.model = BertForMaskedLM._from_config(config, attn_implementation=attention).train()
        self.adamw = torch.optim.AdamW(self.model.parameters(), 1e-4, weight_decay=0.01, fused=fused)
        self.texts = [torch.randint(5, vocabulary, (min(length, LENGTH),)) for length in of]

    def batch(self):
        texts = random.sample(self.texts, BATCH)
        ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True)
        return ids, (ids != 0).long()

    def hide(self, ids, own):
        """80% of what is hidden becomes [MASK], 10% another piece, 10% stays."""
        hidden = (torch.rand(ids.shape) < HIDDEN) & (own == 1)
        labels = torch.where(hidden, ids, -100)
        how = torch.rand(ids.shape)
        other = torch.randint(5, self.vocabulary, ids.shape)
        holes = torch.where(hidden & (how < 0.8), 4, ids)
        return torch.where(hidden & (how >= 0.9), other, holes), labels

    def step(self):
        ids, own = self.batch()
        holes, labels = self.hide(ids, own)
        if self.args.only_hidden:
            features = self.model.bert(holes, attention_mask=own).last_hidden_state
            hidden = labels != -100
            scores = self.model.cls(features[hidden])
            loss = torch.nn.functional.cross_entropy(scores, labels[hidden])
        else:
            loss = self.model(input_ids=holes, attention_mask=own, labels=labels).loss
        self.adamw.zero_grad(set_to_none=True)
        loss.backward()
        self.adamw.step()
        return loss.item()

    def run(self, _seed, steps):
        for _ in range(min(2, steps - 1)):
            self.step()
        start = time.perf_counter()
        count = max(steps - 2, 1)
        for _ in range(count):
            self.step()
        return BATCH * count / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vocabulary", type=int, default=30522)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=12, help="of each turn; the first two do not count")
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--only-hidden", action="store_true")
    parser.add_argument("--pretext", default=str(HERE / "target/release/pretext"))
    args = parser.parse_args()
    os.sched_setaffinity(0, range(args.threads))
    torch.set_num_threads(args.threads)
    random.seed(3)
    with tempfile.TemporaryDirectory() as folder:
        of = lengths(BATCH * max(args.steps, 64), args.mixed)
        ours = Pretext(args, pathlib.Path(folder), of)
        kinds = [Transformers(args, ours.vocabulary, of, attention, fused) for attention in ("sdpa", "eager") for fused in (True, False)]
        peer = max(kinds, key=lambda kind: max(kind.run(0, 4) for _ in range(2)))
        del kinds
        rates = []
        for turn in range(args.rounds):
            pair = [ours, peer] if turn % 2 == 0 else [peer, ours]
            found = {id(one): one.run(turn + 1, args.steps) for one in pair}
            rates.append((found[id(ours)], found[id(peer)]))
            print("pretext %.1f, transformers %.1f texts/s" % rates[-1], flush=True)
    ratios = [a / b for a, b in rates]
    a, b = (statistics.median(column) for column in zip(*rates))
    print(
        f"{'16 to 128' if args.mixed else LENGTH} pieces, vocabulary {ours.vocabulary}, batch {BATCH}, {args.threads} threads, "
        f"{args.rounds} rounds of {args.steps} steps, PyTorch {torch.__version__} ({peer.name}"
        f"{', scores of hidden places alone' if args.only_hidden else ''}): pretext {a:.1f}, transformers {b:.1f} texts/s, "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
