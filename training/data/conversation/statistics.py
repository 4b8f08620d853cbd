"""Every number of the simulator that comes from the literature (or is our own assumption), with its source beside it.

[V] read in the source, [S] second-hand, [M] from memory of the field, [A] our assumption. Times in seconds,
angles in degrees, rates a minute, unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

FPS = 25
SAMPLE_RATE_HZ = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // FPS


@dataclass(frozen=True)
class Statistics:
    """The published behaviour that the simulated people follow."""

    # --- turns -------------------------------------------------------------------------------------------------
    gap_mean_s: float = 0.208  # mean response gap, ten languages: Stivers et al. 2009, PNAS 106:10587 [S]
    gap_sigma_s: float = 0.52  # with the mean above gives about a third of changes in overlap [A]
    gap_min_s: float = -0.60  # longest overlap that we let a turn change have [A]
    gap_max_s: float = 1.80  # longest wait before an answer [A]
    overlap_share_of_changes: float = 0.40  # Heldner & Edlund 2010; Levinson & Torreira 2015 [M]
    overlap_share_of_talk_max: float = 0.05  # Levinson & Torreira 2015, Front. Psychol. 6:731 [M]
    sentence_pause_mean_s: float = 0.38  # pause inside a turn [A]

    # --- backchannels --------------------------------------------------------------------------------------------
    bc_pitch_percentile: float = 26.0  # Ward & Tsukahara 2000, J. Pragmatics 32:1177 [V], the next four too
    bc_low_pitch_s: float = 0.110
    bc_speech_before_s: float = 0.700
    bc_refractory_s: float = 0.800
    bc_wait_s: float = 0.700
    bc_response_share: float = 0.60  # share of opportunities taken by an average listener [A]
    bc_vocal_share: float = 0.50  # of those, spoken as well as nodded [A]; set so that the next one lands
    bc_share_of_turns: float = 0.17  # 19 % Dutch, 16 % German: Knudsen et al. 2020, Front. Psychol. 11:593671 [V]

    # --- gaze ------------------------------------------------------------------------------------------------------
    gaze_at_listening: float = 0.75  # Argyle 1972/1976 [M]
    gaze_at_speaking: float = 0.41  # Argyle 1972/1976 [M]; "under half" [S]
    gaze_away_listening_s: float = 1.1  # mean length of looking away [A], between Argyle and Lee et al. 2002 [M]
    gaze_away_speaking_s: float = 1.7  # [A]
    turn_start_away: float = 0.72  # > 70 % of long utterances begin with looking away: Kendon 1967 [V, cited]
    turn_end_at: float = 0.75  # > 70 % end looking at the listener: Kendon 1967; Ho et al. 2015 [V]
    saccade_scale_deg: float = 6.9  # A = -6.9 ln(P / 15.7), P uniform 0..15: Lee, Badler & Badler 2002 [M]
    saccade_p: float = 15.7
    saccade_max_deg: float = 27.5  # same [M]
    saccade_base_s: float = 0.025  # duration 25 ms + 2.4 ms / deg, same [M]
    saccade_per_deg_s: float = 0.0024
    saccade_directions: tuple[float, ...] = (15.5, 6.5, 17.7, 7.4, 16.8, 7.9, 20.4, 7.8)  # R UR U UL L DL D DR %, same [M]
    head_share_of_gaze: float = 0.30  # part of a large gaze shift taken by the head [A]

    # --- blinks ---------------------------------------------------------------------------------------------------
    blink_per_min: float = 26.0  # in conversation: Bentivoglio et al. 1997, Mov. Disord. 12:1028 [V]
    blink_95_range: tuple[float, float] = (10.5, 32.5)  # Doughty 2001 [V]; 32.4 +- 12.4 in Chidi-Egboka 2022 [V]
    blink_closing_s: tuple[float, float] = (0.070, 0.090)  # VanderWerf 2003; Trutoiu 2011 [M]
    blink_opening_s: tuple[float, float] = (0.150, 0.240)  # same [M]
    blink_incomplete_share: float = 0.15  # "often incomplete" [M]; the share is [A]
    blink_follow_s: tuple[float, float] = (0.25, 0.50)  # listener after speaker: Nakano & Kitazawa 2010 [M]
    blink_follow_share: float = 0.20  # [A]
    blink_min_interval_s: float = 0.45  # [A]

    # --- head ----------------------------------------------------------------------------------------------------
    nod_bands_hz: tuple[float, float, float, float] = (0.2, 1.8, 3.7, 7.0)  # slow, ordinary, rapid: Hadar et al. 1983/85 [M]
    nod_fast_hz: tuple[float, float] = (2.6, 6.5)  # listeners: Hale et al. 2020, J. Nonverbal Behav. [V]
    nod_slow_hz: tuple[float, float] = (1.0, 1.8)  # [A] inside the slow band
    nod_fast_share: float = 0.70  # [A]
    nod_cycle_decay: float = 0.68  # declining cycles, last smaller still: Mori, Den & Jokinen 2025 [V], factor [A]
    nod_amplitude_deg: tuple[float, float] = (2.0, 8.0)  # [A] 2 for the fastest, 8 for the slowest
    mimicry_lag_s: float = 0.600  # constant lag: Hale et al. 2020 [V]
    mimicry_band_hz: tuple[float, float] = (0.2, 1.1)  # same [V]
    mimicry_gain: float = 0.30  # [A]
    breath_per_min: float = 15.0  # adult at rest, textbook value [M]

    # --- expression -----------------------------------------------------------------------------------------------
    smile_return: float = 0.70  # majority of smiles: Heerey & Crossley 2013 [V/S]; ~50 % of strangers: Hinsz & Tomhave 1991 [S]
    smile_lag_median_s: float = 0.450  # 300-400 ms muscle onset: Dimberg & Thunberg 1998 [V]; mostly < 1 s: Riehle et al. 2016 [V]
    smile_lag_sigma: float = 0.633  # lognormal: puts 10 % of the answers under 200 ms (Riehle et al. 2016 [V])
    smile_lag_min_s: float = 0.08  # [A]
    smile_gain: tuple[float, float] = (0.50, 0.80)  # [A]
    smile_length_s: tuple[float, float] = (0.5, 4.0)  # Ekman & Friesen 1982 [M]
    concern_lag_s: tuple[float, float] = (0.400, 0.900)  # frowns are not copied (Riehle et al. 2016 [V]): concern instead [A]
    expression_tau_s: tuple[float, float] = (1.5, 3.0)  # decay after the stimulus ends, no dependable source [A]
    mood_tau_s: tuple[float, float] = (20.0, 60.0)  # mood after laughter or anger [A]
    grief_tau_s: float = 150.0  # what bad news leaves behind [A]: the face stays concerned two minutes later
    person_sigma: float = 0.50  # per-person rates, lognormal: Blomsma et al. 2024 [V] for strong differences, value [A]


STATISTICS = Statistics()
