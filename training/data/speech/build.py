"""Builds the speech corpus: sound, phone times and mouth curves of many utterances, in three files.

    python -m training.data.speech.build --out build/speech --utterances 1500 --seed 1

`pcm.npy` int16 [sum S] at 16 kHz and `face.npy` float16 [sum T,52] at 25 fps (both open with `mmap_mode="r"`), and
`index.json`, written last, with one entry an utterance. T = ceil(S / 640). One utterance in ten is held out: a voice
and sentences that training never meets.
"""

import argparse
import json
import os
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from training.data.arkit import ARKIT_NAMES
from training.data.speech.phones import Phone
from training.data.speech.synthesise import synthesise
from training.data.speech.texts import TEXTS, sample_text
from training.data.speech.visemes import FRAME_RATE_HZ, speech_to_face
from training.data.speech.voices import sample_timbre, sample_voice

SAMPLES_PER_FRAME = 640
_HELD_OUT_EVERY = 10


def frame_count(samples: int) -> int:
    """Frames that cover the samples, T = ceil(S / 640)."""
    return -(-samples // SAMPLES_PER_FRAME)


def make_utterance(number: int, seed: int, natural: bool = False) -> tuple[dict, np.ndarray, np.ndarray]:
    """Utterance `number` of the corpus `seed`: its index entry (without offsets), int16 [S] and float16 [T,52]."""
    own_seed = seed * 1_000_003 + number
    rng = np.random.default_rng([own_seed, 0x5BEE])
    split = "held-out" if number % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1 else "train"
    first = sample_text(own_seed, split)
    alike = [text.text for text in TEXTS if text.split == split and text.mood == first.mood and text != first]
    extra = int(rng.choice(3, p=[0.6, 0.3, 0.1]))  # most utterances are one sentence, some two or three of one mood
    chosen = rng.choice(len(alike), size=min(extra, len(alike)), replace=False)
    text = " ".join([first.text, *(alike[index] for index in chosen)])
    voice = sample_voice(own_seed, split, first.mood, natural)
    style = float(np.clip(np.exp(rng.normal(0, 0.15)) * voice.energy**0.2, 0.6, 1.5))

    speech = synthesise(text, voice)
    pcm = np.round(np.clip(speech.pcm, -1, 1) * 32767).astype(np.int16)
    entry = {
        "id": f"{seed}-{number:05d}", "text": text, "voice": sample_timbre(own_seed, split, natural).timbre, "mood": first.mood,
        "style": round(style, 3), "split": split, "samples": len(pcm), "frames": frame_count(len(pcm)),
        "phones": [[phone.name, round(phone.start_s, 4), round(phone.end_s, 4)] for phone in speech.phones],
    }  # fmt: skip
    return entry, pcm, make_face(entry, pcm)


def make_face(entry: dict, pcm: np.ndarray) -> np.ndarray:
    """The mouth curves float16 [T,52] of an index entry and its sound int16 [S]; nothing else goes into them."""
    phones = [Phone(*phone) for phone in entry["phones"]]
    return speech_to_face(phones, pcm.astype(np.float32) / 32767, entry["frames"], entry["style"]).astype(np.float16)


def remake_faces(out: Path) -> None:
    """Makes `face.npy` of a built corpus anew, after the mouth model changed; sound and index stay."""
    entries = json.loads((out / "index.json").read_text())["utterances"]
    pcm = np.load(out / "pcm.npy", mmap_mode="r")
    faces = [make_face(entry, pcm[entry["pcm_start"] : entry["pcm_start"] + entry["samples"]]) for entry in entries]
    with (out / "face.npy.part").open("wb") as file:
        np.save(file, np.concatenate(faces))
    os.replace(out / "face.npy.part", out / "face.npy")


def _make(job: tuple[int, int, bool]) -> tuple[dict, np.ndarray, np.ndarray]:
    return make_utterance(*job)


def build(out: Path, utterances: int, seed: int, workers: int = 2, natural: int = 0) -> dict:
    """Writes the corpus into `out` and returns the index; `natural` utterances in natural voices follow the `utterances` of synthesisers. Same arguments, same bytes, whatever the number of workers."""
    out.mkdir(parents=True, exist_ok=True)
    entries, sounds, faces = [], [], []
    samples = frames = 0
    with Pool(workers) as pool:
        for entry, pcm, face in pool.imap(_make, [(number, seed, number >= utterances) for number in range(utterances + natural)], chunksize=8):
            entries.append({**entry, "pcm_start": samples, "frame_start": frames})
            samples += entry["samples"]
            frames += entry["frames"]
            sounds.append(pcm)
            faces.append(face)
            if len(entries) % 250 == 0:
                print(f"{len(entries)} of {utterances + natural} utterances, {samples / 16000 / 60:.1f} min of speech", flush=True)
    np.save(out / "pcm.npy", np.concatenate(sounds))
    np.save(out / "face.npy", np.concatenate(faces))
    index = {
        "sample_rate_hz": 16000, "frame_rate_hz": FRAME_RATE_HZ, "seed": seed, "face_names": list(ARKIT_NAMES), "utterances": entries,
    }  # fmt: skip
    partial = out / "index.json.part"
    partial.write_text(json.dumps(index, separators=(",", ":")))
    os.replace(partial, out / "index.json")
    return index


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--utterances", type=int, default=1500)
    parser.add_argument("--natural", type=int, default=0, help="utterances more in natural voices (needs Kokoro)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--faces-only", action="store_true", help="make the mouth curves of an existing corpus anew, and stop")
    options = parser.parse_args()
    if options.faces_only:
        remake_faces(options.out)
        return
    index = build(options.out, options.utterances, options.seed, options.workers, options.natural)
    seconds = sum(entry["samples"] for entry in index["utterances"]) / 16000
    voices = {entry["voice"] for entry in index["utterances"]}
    print(f"{len(index['utterances'])} utterances, {seconds / 60:.1f} min, {len(voices)} timbres -> {options.out}")


if __name__ == "__main__":
    main()
