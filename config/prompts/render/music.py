"""Makes the music that people hear who wait: 8k/music/waiting.wav below FOLDER, ours, a loop.

usage: music.py FOLDER

Plucked notes over four chords, within a telephone's band; it ends where it begins.
"""
import pathlib
import sys
import wave

import numpy as np

HZ = 8_000
BEAT_S = 0.45
LEVEL_DBFS = -26.0
# C, A minor, F, G: each as the notes of one bar, in semitones from A4.
BARS = [[-9, -5, -2, 3, -2, -5], [-12, -9, -5, 0, -5, -9],
        [-16, -12, -9, -4, -9, -12], [-14, -10, -7, -2, -7, -10]]


def main():
    notes = [note for bar in BARS for note in bar]
    length = round(len(notes) * BEAT_S * HZ)
    loop = np.zeros(length)
    for place, note in enumerate(notes):
        start = round(place * BEAT_S * HZ)
        sound = pluck(440 * 2 ** (note / 12))
        # What rings beyond the end rings at the beginning: no seam is heard.
        where = np.arange(start, start + len(sound)) % length
        np.add.at(loop, where, sound)
    gain = 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(loop ** 2))
    path = pathlib.Path(sys.argv[1]) / "8k" / "music" / "waiting.wav"
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HZ)
        file.writeframes(np.round(loop * gain * 32767).astype("<i2").tobytes())


def pluck(hz, seconds=1.6):
    """A note that is struck and dies away; its overtones die first."""
    time = np.arange(round(seconds * HZ)) / HZ
    tones = [(1, 1.0, 2.6), (2, 0.45, 4.0), (3, 0.18, 6.0)]
    sound = sum(level * np.sin(2 * np.pi * hz * n * time) * np.exp(-time * decay)
                for n, level, decay in tones if hz * n < 3_400)
    return sound * np.minimum(1, time / 0.008)


if __name__ == "__main__":
    main()
