"""Telephone prompts as a set of recorded sentences: Debian's `asterisk-core-sounds-en-g722` in LJSpeech's form, for `bench.peers.align`.

    apt-get install asterisk-core-sounds-en asterisk-core-sounds-en-g722 ffmpeg
    python -m bench.peers.prompts build/prompts && python -m bench.peers.align build/prompts --out build/prompts-phones.json

One woman (Allison Smith), recorded for telephones at 16 kHz; CC-BY-SA 3.0: they measure here, nothing of them is trained on or kept. Taken are
sentences of at least six words and at most twelve seconds whose text is words alone.
"""

import argparse
import csv
import gzip
import re
import subprocess
from pathlib import Path

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
LEAST_WORDS, LONGEST_S = 6, 12.0
BYTES_PER_SECOND = 8000  # of G.722 at 64 kbit/s


def sentences() -> list[tuple[str, str]]:
    """(name, text) of the prompts that are taken."""
    rows = [line.strip().split(": ", 1) for line in gzip.open(TEXTS, "rt", encoding="utf-8") if ": " in line and not line.startswith(";")]
    return [(name, text) for name, text in rows if len(text.split()) >= LEAST_WORDS and not re.search(r"[^\w\s.,'?!-]|\d", text) and _short_enough(name)]


def _short_enough(name: str) -> bool:
    path = SOUNDS / f"{name}.g722"
    return path.exists() and path.stat().st_size <= LONGEST_S * BYTES_PER_SECOND


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder to write")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="|", quoting=csv.QUOTE_NONE, lineterminator="\n")
        table.writerow(["audio_file", "text", "transcription"])
        for name, text in sentences():
            wav = folder / f"{name.replace('/', '-')}.wav"
            subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "g722", "-i", str(SOUNDS / f"{name}.g722"), str(wav)], check=True)
            table.writerow([wav.name, text, text])


if __name__ == "__main__":
    main()
