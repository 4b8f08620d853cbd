"""Do lips keep time in languages that were never trained on? espeak-ng reads six of them; its phoneme events say where lips must meet."""

import numpy as np

from training.data.speech.closed_lips import shut_share
from training.data.speech.espeak import at_16_khz, run_espeak
from training.data.speech.synthesise import SPEECH_RMS, levelled
from training.eval.lip_sync import Sentences, lip_sync, unseen
from training.eval.session import Pack

TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "German": ("de+f2", ("Am Abend baute mein Bruder im Garten eine blaue Bank.", "Bitte bring mir morgen frische Milch und ein paar Pilze mit.", "Das Problem war, dass niemand den Weg zum Bahnhof kannte.")),
    "French": ("fr+f2", ("Ma petite soeur mange une pomme sous le grand arbre.", "Pourquoi ne prends-tu pas le bateau pour aller en Bretagne ?", "Il faut beaucoup de patience pour apprendre la musique.")),
    "Spanish": ("es+m3", ("Mi abuela prepara pan blanco todas las mañanas.", "Perdone, ¿sabe usted por dónde se va a la plaza mayor?", "El pueblo bebe el agua limpia de la montaña.")),
    "Italian": ("it+f4", ("Il bambino beve un bicchiere di latte prima di dormire.", "Domani mattina partiamo per una piccola isola.", "Mi piace molto ascoltare la pioggia di primavera.")),
    "Polish": ("pl+m3", ("Moja babcia piecze bardzo dobre ciasto.", "Proszę powiedzieć, gdzie jest najbliższy przystanek.", "Pamiętam piękny wieczór nad morzem.")),
    "Portuguese": ("pt-br+f3", ("Meu primo comprou um barco bem bonito.", "Por favor, abra a porta e apague a lâmpada.", "A música do povo embala a tarde na praia.")),
}


def speak(pack: Pack) -> tuple[Sentences, list[tuple[str, np.ndarray]]]:
    """All sentences through the pack as the avatar's own voice; language and frames [T] in which lips must meet, one a sentence."""
    names, pcm, closed = [], [], []
    for language, (voice, texts) in TEXTS.items():
        for text in texts:
            raw, rate, events = run_espeak(text, voice)
            sound = levelled(at_16_khz(raw, rate), SPEECH_RMS)
            shut = np.zeros(len(sound) // 640, bool)
            for (first, name), (last, _) in zip(events, [*events[1:], (len(raw), "")]):
                if name[:1] in ("p", "b", "m"):
                    # espeak-ng sends the event of a stop at its burst: the lips met just before
                    begin, end = (first - 0.06 * rate, first) if name[0] == "p" else (first, last)
                    shut[max(0, int(begin / rate * 25)) : int(np.ceil(end / rate * 25))] = True
            names.append(language)
            pcm.append(sound)
            closed.append((language, shut))
    return unseen(pack, names, pcm), closed


def languages(pack: Pack) -> dict:
    """By language: lip synchrony as on recordings, and the share of closures that are seen."""
    spoken, closed = speak(pack)
    out = {}
    for language in TEXTS:
        rows = [i for i, name in enumerate(spoken.names) if name == language]
        part = Sentences([spoken.names[i] for i in rows], [spoken.pcm[i] for i in rows], spoken.made.of(rows))
        found = [shut_share(part.opening(k), closed[i][1]) for k, i in enumerate(rows)]
        sync = lip_sync(part)
        out[language] = {"lag0": sync["lag0"], "lagFrames": sync["lagFrames"], "shut": sum(f for f, _ in found) / sum(n for _, n in found), "closures": sum(n for _, n in found)}
    return out | {"shuffledLag0": lip_sync(spoken)["shuffledLag0"]}
