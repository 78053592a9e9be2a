"""Words per second of `skip_gram` and of gensim's Word2Vec at equal settings, turn by turn, and what the vectors of both are worth.

    pip install gensim
    cargo build --release
    python benches/peers/word2vec_gensim.py corpus.txt --threads 1 --rounds 9
    python benches/peers/word2vec_gensim.py corpus.txt --threads 2 --rounds 9
    python benches/peers/word2vec_gensim.py corpus.txt --threads 2 --rounds 3 --epochs 5 --whole   # quality over three seeds

`corpus.txt` has a text per line, words between spaces; `word2vec_corpus.py` makes one of 13.6 million words. 100 numbers, windows of up to
5 words, 5 noise words, words below 5 times left out, at most 30,000 kept, common ones thinned at 1e-3. Both are pinned to as many cores as
there are threads: gensim's workers read the file themselves (`corpus_file`), and Pretext's loader thread shares the cores with the
training. Time is that of training alone: neither the vocabulary nor the exams count. Rates are raw words per second. Without `--whole` the
first 20 MB are read.

gensim moves word by word, at a rate from 0.025 down; Pretext by batches with lazy Adam, and passages where gensim has lines.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parents[2]
RECIPE = """ssl 1

dataset corpus = text_lines("corpus.txt", passage = 4096)

fit words = vocabulary(size = 30000, min = 5) {{ data = corpus.train }}

augment running(text) {{
  words = text |> tokenize(words) |> subsample(1e-3) |> crop_tokens(512)
  noise = words |> negatives(5, share = 4)
  emit words, noise
}}

pretext vectors = {task}(vocabulary = words) {{
  data    = corpus.train
  augment = running
  encoder = word_vectors(100)
  length  = {epochs} epochs
}}

export text = word2vec("vectors.txt") {{ from = vectors }}

run {{ seed = {seed}, threads = {threads}, workers = 1 }}
"""


def exams(vectors):
    from gensim.test.utils import datapath

    pairs = lambda name: vectors.evaluate_word_pairs(datapath(name))[1][0]
    return pairs("wordsim353.tsv"), pairs("simlex999.txt"), vectors.evaluate_word_analogies(datapath("questions-words.txt"))[0]


def ours(corpus, words, args, seed):
    from gensim.models import KeyedVectors

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        recipe = RECIPE.format(task=args.task, epochs=args.epochs, seed=seed, threads=args.threads)
        (folder / "recipe.ssl").write_text(recipe)
        command = [args.pretext, "run", "recipe.ssl", "--out", "run", "--data", f"corpus.txt={corpus}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        lines = (folder / "run/timing.jsonl").read_text().splitlines()
        seconds = max(line["seconds"] for line in map(json.loads, lines) if line["stage"] == "vectors")
        marks = exams(KeyedVectors.load_word2vec_format(str(folder / "run/vectors.txt"))) if args.whole else None
    return words * args.epochs / seconds, marks


def gensims(corpus, words, args, seed):
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=100, window=5, negative=5, sg=int(args.task == "skip_gram"), sample=1e-3, min_count=5, max_final_vocab=30000,
        workers=args.threads, seed=seed, alpha=0.025, min_alpha=0.0001,
    )
    model.build_vocab(corpus_file=str(corpus))
    start = time.monotonic()
    model.train(corpus_file=str(corpus), total_examples=model.corpus_count, total_words=model.corpus_total_words, epochs=args.epochs)
    seconds = time.monotonic() - start
    return words * args.epochs / seconds, exams(model.wv) if args.whole else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--task", choices=["skip_gram", "cbow"], default="skip_gram")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--pretext", default=str(HERE / "target/release/pretext"))
    args = parser.parse_args()
    os.environ.update({key: "1" for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})
    os.sched_setaffinity(0, range(args.threads))
    with tempfile.TemporaryDirectory() as folder:
        corpus = args.corpus.resolve()
        if not args.whole:
            text = corpus.read_bytes()[: 20 << 20]
            corpus = pathlib.Path(folder) / "corpus.txt"
            corpus.write_bytes(text[: text.rfind(b"\n") + 1])
        words = len(corpus.read_bytes().split())
        rates = {"pretext": [], "gensim": []}
        for turn in range(args.rounds):
            for name, run in (("pretext", ours), ("gensim", gensims)):
                rate, marks = run(corpus, words, args, turn + 1)
                rates[name].append(rate)
                said = "" if marks is None else "  WordSim-353 %.3f  SimLex %.3f  analogies %.3f" % marks
                print(f"{name} {rate:9.0f} words/s{said}", flush=True)
    ratios = [a / b for a, b in zip(rates["pretext"], rates["gensim"])]
    print(
        f"{args.task}, {words} words, {args.epochs} epochs, {args.threads} threads, {args.rounds} rounds: "
        f"pretext {statistics.median(rates['pretext']):.0f}, gensim {statistics.median(rates['gensim']):.0f} words/s, "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
