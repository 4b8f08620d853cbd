"""Phone times of recorded sentences: espeak-ng tells how the words sound, PocketSphinx where they are (training/data/speech/align.py).

    pip install -r training/requirements.txt soundfile && python -m bench.peers.align FOLDER --out build/ljspeech-phones.json

FOLDER holds sound files and a metadata.csv of LJSpeech's form (audio_file|text|transcription|...). Sentences that do not fit their sound are left out and counted.
"""

import argparse
import csv
import json
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from training.data.speech.align import aligned
from training.data.speech.pronounce import pronounce


def read_16_khz(path: Path) -> np.ndarray:
    """Mono float32 at 16 kHz of a sound file of any rate."""
    pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
    common = gcd(16000, rate)
    return resample_poly(pcm.mean(1), 16000 // common, rate // common).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    clips, left_out = [], []
    with open(arguments.folder / "metadata.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE):
            path = arguments.folder / Path(row["audio_file"]).name
            if not path.exists():
                continue
            try:
                phones = aligned(read_16_khz(path), pronounce(row["transcription"])[1])
                clips.append({"file": path.name, "words": row["transcription"], "phones": [list(phone) for phone in phones]})
            except RuntimeError as error:
                left_out.append([path.name, str(error)])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"clips": clips, "leftOut": left_out}) + "\n")
    print(f"{len(clips)} sentences aligned, {len(left_out)} left out: {left_out}")


if __name__ == "__main__":
    main()
