"""Writes emoji.jsonl: emoji in the styles of two vendors, each with what it is called. For `recipes/clip_emoji.ssl`.

    npm pack emoji-datasource-twitter@16.0.0 emoji-datasource-google@16.0.0 emojilib@4.0.3
    python recipes/data/emoji_captions.py FOLDER

unpacks the three archives, which lie in FOLDER, there, and writes one line for each picture: its file, its name, its captions (the name, and
keywords that people gave it), the concept that it shows, its category, and its style. Skin tones are part of the name and no concepts of their own.
"""

import json
import re
import sys
import tarfile
from pathlib import Path

TONES = {
    "1F3FB": "light",
    "1F3FC": "medium light",
    "1F3FD": "medium",
    "1F3FE": "medium dark",
    "1F3FF": "dark",
}


def unpacked(folder, package, version, wanted):
    archive = folder / f"{package}-{version}.tgz"
    to = folder / package
    if not to.exists():
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if m.isfile() and re.match(f"package/({wanted})", m.name)]
            tar.extractall(to, members, filter="data")
    return to / "package"


def words(text):
    """`flag-eg` and `EGYPT FLAG` as people write them."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def name_of(emoji, keywords):
    """The name that Unicode gives it today, else the older one."""
    return words(keywords[0]) if keywords else words(emoji["name"] or emoji["short_name"])


def lines(folder, style, keywords):
    package = unpacked(folder, f"emoji-datasource-{style}", "16.0.0", rf"emoji\.json|img/{style}/64/")
    for emoji in json.loads((package / "emoji.json").read_text()):
        characters = "".join(chr(int(code, 16)) for code in emoji["unified"].split("-"))
        own = keywords.get(characters) or keywords.get(characters.replace("\ufe0f", "")) or []
        name = name_of(emoji, own)
        short = [words(short) for short in emoji["short_names"]]
        said = [words(keyword) for keyword in own[1:]]
        # in runs of three, as people tag
        said = [word for word in said if word]
        runs = [" ".join(said[i : i + 3]) for i in range(0, len(said), 3)]
        captions = list(dict.fromkeys(caption for caption in [name, *short, *runs] if caption))
        pictures = [(emoji["image"], None)]
        for tones, variation in emoji.get("skin_variations", {}).items():
            tones = [TONES[tone] for tone in dict.fromkeys(tones.split("-"))]
            pictures.append((variation["image"], " and ".join(tones) + " skin tone"))
        for image, tone in pictures:
            file = package / "img" / style / "64" / image
            if not file.exists():
                continue
            with_tone = [f"{caption} {tone}" if tone else caption for caption in captions]
            yield {
                "file": str(file.relative_to(folder)),
                "name": with_tone[0],
                "captions": with_tone,
                "concept": name,
                "category": emoji["category"],
                "style": style,
            }


def main(folder):
    keywords = json.loads((unpacked(folder, "emojilib", "4.0.3", "dist/") / "dist" / "emoji-en-US.json").read_text())
    with open(folder / "emoji.jsonl", "w") as out:
        for style in ["twitter", "google"]:
            for line in lines(folder, style, keywords):
                out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
