"""Phone times of recorded sentences by forced alignment with PocketSphinx (BSD, its US English model is in the wheel).

    pip install pocketsphinx soundfile && python bench/peers/align.py FOLDER --out build/ljspeech-phones.json

FOLDER holds sound files and a metadata.csv of LJSpeech's form (audio_file|text|transcription|...). Sentences with words that the dictionary lacks are left out
and counted. Times are good to about 20 ms, the step of the model being 10.
"""

import argparse
import csv
import json
import re
from pathlib import Path

import numpy as np
import soundfile
from pocketsphinx import Decoder


def read_int16(path: Path) -> np.ndarray:
    """16 kHz mono int16 of a sound file of any rate; linear phase by FFT."""
    pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = pcm.mean(1)
    if rate != 16000:
        spectrum = np.fft.rfft(mono)
        count = round(len(mono) * 16000 / rate)
        kept = np.zeros(count // 2 + 1, complex)
        n = min(len(kept), len(spectrum))
        kept[:n] = spectrum[:n]
        mono = np.fft.irfft(kept, count) * (count / len(pcm))
    return (np.clip(mono, -1, 1) * 32767).astype(np.int16)


def align(decoder: Decoder, words: str, pcm: np.ndarray) -> list[list]:
    """[phone, start_s, end_s] of every phone. Raises RuntimeError when the words do not fit the sound."""

    def play() -> None:
        decoder.start_utt()
        decoder.process_raw(pcm.tobytes(), full_utt=True)
        decoder.end_utt()

    decoder.set_align_text(words)
    play()
    if decoder.hyp() is None:
        raise RuntimeError("no alignment")
    decoder.set_alignment()
    play()
    phones: list[list] = []
    for word in decoder.get_alignment():
        for phone in word:
            name = phone.name.lower()
            name = "sil" if name.startswith(("sil", "+")) else name
            start, end = phone.start / 100, (phone.start + phone.duration) / 100
            if phones and name == "sil" and phones[-1][0] == "sil":
                phones[-1][2] = end
            else:
                phones.append([name, start, end])
    return phones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    decoder = Decoder(lm=None, loglevel="FATAL", beam=1e-64, pbeam=1e-64, wbeam=1e-48, maxhmmpf=-1)  # wide: the words are known
    clips, left_out = [], []
    with open(arguments.folder / "metadata.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE):
            name = Path(row["audio_file"]).name
            path = arguments.folder / name
            words = " ".join(re.findall(r"[a-z']+", row["transcription"].lower()))
            if not path.exists():
                continue
            try:
                if re.search(r"\d", row["transcription"]):
                    raise RuntimeError("a number is not spelt out")
                if any(decoder.lookup_word(word) is None for word in words.split()):
                    raise RuntimeError("a word is not in the dictionary")
                clips.append({"file": name, "words": words, "phones": align(decoder, words, read_int16(path))})
            except RuntimeError as error:
                left_out.append([name, str(error)])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"clips": clips, "leftOut": left_out}) + "\n")
    print(f"{len(clips)} sentences aligned, {len(left_out)} left out: {left_out}")


if __name__ == "__main__":
    main()
