"""Writes stamps.jsonl: Tux Paint's stamps with what their files say of them in English. For `recipes/siglip_stamps.ssl`.

    apt-get download tuxpaint-stamps-default && dpkg-deb -x tuxpaint-stamps-default*.deb FOLDER
    python recipes/data/stamp_captions.py FOLDER

One line for each picture with a caption: its file, its caption, and the first folder that it lies in (animals, food, …). Stamps that say the same are
one concept: a stamp and its mirror image are not parted.
"""

import json
import sys
from pathlib import Path

STAMPS = Path("usr/share/tuxpaint/stamps")


def main(folder):
    with open(folder / "stamps.jsonl", "w") as out:
        for picture in sorted((folder / STAMPS).rglob("*.png")):
            said = picture.with_suffix(".txt")
            if picture.stem.endswith("_mirror") or not said.exists():
                continue
            lines = said.read_text("utf-8", errors="replace").splitlines()
            caption = lines[0].strip() if lines else ""
            if not caption:
                continue
            inner = picture.relative_to(folder)
            line = {"file": str(inner), "caption": caption, "concept": caption.lower(), "kind": inner.relative_to(STAMPS).parts[0]}
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
