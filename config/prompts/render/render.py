"""Renders the prompts of a manifest: text -> speech -> 8 kHz WAV files below 8k/.

usage: render.py [--all] [--only ID]... MODEL.onnx VOCAB.json VOICE.bin FOLDER

FOLDER holds manifest.toml. Rendered are the prompts whose file is missing; --all renders every one,
--only the named ones. The manifest's `ms` is written anew from the files. README.md beside this
script says where the model's parts come from; espeak-ng must be installed, for phonemes only.
"""
import argparse
import json
import pathlib
import re
import subprocess
import tomllib
import wave

import numpy as np
import onnxruntime as ort

MODEL_HZ = 24_000
PROMPT_HZ = 8_000
BAND_HZ = (200, 3_600)
ACTIVE_DBFS = -20.0
PEAK_DBFS = -1.0
# Kept before the first and after the last sound, faded: pieces are joined to sentences.
MARGIN_MS = 30
# What is this far below the active level is no speech: an /s/ to begin with is weak, and after the
# last sound the model breathes out.
START_DB = 32.0
END_DB = 23.0
# A click is shorter than this and comes after a rest this far below the active level.
CLICK_MS = 40
CLICK_REST_DB = 45.0
# Brisk: a patient is waiting.
SPEED = 1.15
# The style that goes with so many symbols; below it a word has a voice of its own, far above it is
# drawled (measured with a speech recogniser on the digits).
SHORTEST_STYLE = 10

PUNCTUATION = r'([;:,.!?—…"()“”]+)'
# espeak-ng's IPA, mended to the symbols that the model was trained on
SYMBOLS = [("_", ""), ("\u200d", ""), ("ʲ", "j"), ("r", "ɹ"), ("x", "k"), ("ɬ", "l"), ("aɪ", "I"),
           ("aʊ", "W"), ("eɪ", "A"), ("ɔɪ", "Y"), ("əʊ", "Q"), ("oʊ", "O"), ("tʃ", "ʧ"),
           ("dʒ", "ʤ"), ("wˈɒn", "wˈʌn")]
# Words that espeak-ng does not read as a clinician would say them.
LEXICON = {
    "Maxillofacial": "maksˌɪləʊfˈeɪʃəl",
    "Trauma": "tɹˈɔːmə",
    "Urology": "jʊəɹˈɒlədʒi",
    # Stressed as they are where "thirty" must not be heard.
    "thirteen": "θɜːtˈiːn",
    "fourteen": "fɔːtˈiːn",
    "fifteen": "fɪftˈiːn",
    "sixteen": "sɪkstˈiːn",
    "seventeen": "sɛvəntˈiːn",
    "eighteen": "eɪtˈiːn",
    "nineteen": "naɪntˈiːn",
}


def main():
    options = arguments()
    path = options.folder / "manifest.toml"
    manifest = tomllib.loads(path.read_text())
    wanted = {key: prompt for key, prompt in manifest["prompts"].items()
              if chosen(options, key, wav_path(options.folder, key))}
    if wanted:
        voice = Voice(options.model, options.vocabulary, options.voice)
    for key, prompt in wanted.items():
        speech = voice.say(prompt.get("say", prompt["text"]), prompt.get("speed", SPEED))
        write_wav(wav_path(options.folder, key), to_telephone(speech))
        print(key, flush=True)
    for key, prompt in manifest["prompts"].items():
        prompt["ms"] = milliseconds(wav_path(options.folder, key))
    path.write_text(print_manifest(manifest))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    for name in ["model", "vocabulary", "voice", "folder"]:
        parser.add_argument(name, type=pathlib.Path)
    return parser.parse_intermixed_args()


def chosen(options, key, path):
    if options.only:
        return key in options.only
    return options.all or not path.exists()


def wav_path(folder, key):
    return folder / "8k" / f"{key}.wav"


class Voice:
    """Kokoro-82M with one voice, loaded once."""

    def __init__(self, model, vocabulary, voice):
        self.symbols = json.loads(vocabulary.read_text())["vocab"]
        self.styles = np.fromfile(voice, "<f4").reshape(-1, 256)
        self.session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])

    def say(self, text, speed):
        """24 kHz float samples."""
        tokens = [self.symbols[symbol] for symbol in phonemes(text) if symbol in self.symbols]
        style = self.styles[min(max(len(tokens), SHORTEST_STYLE), len(self.styles) - 1)]
        audio = self.session.run(None, {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style.reshape(1, 256).astype(np.float32),
            "speed": np.array([speed], np.float32),
        })
        return np.ravel(audio[0]).astype(np.float64)


def phonemes(text):
    """The model's symbols; a part in slashes is taken as IPA, as it is."""
    for word, ipa in LEXICON.items():
        text = re.sub(rf"\b{word}\b", f"/{ipa}/", text)
    spoken = ""
    for part in re.split(PUNCTUATION, text):
        if re.fullmatch(PUNCTUATION, part):
            spoken = spoken.rstrip() + part[0] + " "
        elif part.strip():
            pieces = re.split(r"/([^/]+)/", part)
            spoken += " ".join(piece if n % 2 else espeak(piece)
                               for n, piece in enumerate(pieces) if piece.strip())
    for old, new in SYMBOLS:
        spoken = spoken.replace(old, new)
    return spoken.strip()


def espeak(text):
    command = ["espeak-ng", "-q", "--ipa=3", "--sep=", "-v", "en-gb", text.strip()]
    return " ".join(subprocess.run(command, capture_output=True, text=True,
                                   check=True).stdout.split())


def to_telephone(speech):
    """Band-limited, at 8 kHz, without silence at the ends, at the level of all prompts."""
    samples = np.convolve(speech, band_pass(BAND_HZ), "same")[::MODEL_HZ // PROMPT_HZ]
    samples = trim(samples, *ends_ms(speech))
    gain = min(10 ** (ACTIVE_DBFS / 20) / active_level(samples),
               10 ** (PEAK_DBFS / 20) / np.max(np.abs(samples)))
    return np.round(samples * gain * 32767).astype("<i2")


def band_pass(band_hz, taps=601):
    """A windowed sinc (Kaiser, about 70 dB), also the filter against aliases."""
    n = np.arange(taps) - (taps - 1) / 2
    low, high = (2 * edge / MODEL_HZ for edge in band_hz)
    return (high * np.sinc(high * n) - low * np.sinc(low * n)) * np.kaiser(taps, 6.8)


def frames(samples, ms, rate_hz=PROMPT_HZ):
    """The RMS of each frame of so many milliseconds."""
    size = rate_hz * ms // 1000
    whole = len(samples) // size * size
    return np.sqrt(np.mean(samples[:whole].reshape(-1, size) ** 2, axis=1) + 1e-12)


def active_level(samples, rate_hz=PROMPT_HZ):
    """RMS of the frames that are speech (in the manner of ITU-T P.56, margin 15.9 dB)."""
    levels = frames(samples, 20, rate_hz)
    level = np.max(levels)
    for _ in range(20):
        active = levels[levels > level * 10 ** (-15.9 / 20)]
        level = np.sqrt(np.mean(active ** 2))
    return level


def ends_ms(speech, frame_ms=5):
    """Where speech begins and ends, judged by the whole band: a telephone has little of an /s/."""
    wide = np.convolve(speech, band_pass((BAND_HZ[0], 11_000)), "same")
    active = active_level(wide, MODEL_HZ)
    below_active_db = -20 * np.log10(frames(wide, frame_ms, MODEL_HZ) / active)
    first = np.flatnonzero(below_active_db < START_DB)[0]
    audible = np.flatnonzero(below_active_db < END_DB)
    last = audible[-1]
    # The model may click at its very end, after true silence.
    for before, after in zip(audible, audible[1:]):
        if np.max(below_active_db[before:after]) > CLICK_REST_DB:
            if (last - after) * frame_ms < CLICK_MS:
                last = before
                break
    return first * frame_ms, (last + 1) * frame_ms


def trim(samples, first_ms, end_ms):
    """Cuts silence at both ends but for a margin, and fades that margin."""
    per_ms = PROMPT_HZ // 1000
    margin = MARGIN_MS * per_ms
    cut = samples[max(0, first_ms * per_ms - margin):end_ms * per_ms + margin].copy()
    ramp = np.sin(np.linspace(0, np.pi / 2, margin)) ** 2
    cut[:margin] *= ramp
    cut[-margin:] *= ramp[::-1]
    return cut


def write_wav(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(PROMPT_HZ)
        out.writeframes(samples.tobytes())


def milliseconds(path):
    with wave.open(str(path), "rb") as audio:
        return audio.getnframes() * 1000 // audio.getframerate()


def print_manifest(manifest):
    quoted = json.dumps  # a TOML basic string of these texts is a JSON string
    head = [f"{key} = {quoted(value, ensure_ascii=False)}"
            for key, value in manifest.items() if key != "prompts"]
    lines = []
    for key, prompt in manifest["prompts"].items():
        fields = [f"version = {prompt['version']}", f"ms = {prompt['ms']}",
                  f"text = {quoted(prompt['text'], ensure_ascii=False)}"]
        fields += [f"{name} = {quoted(prompt[name], ensure_ascii=False)}"
                   for name in ["say", "speed", "expires"] if name in prompt]
        lines.append(f"{quoted(key)} = {{ {', '.join(fields)} }}")
    return "\n".join([*HEAD, *head, "", "[prompts]", *lines, ""])


HEAD = [
    "# What can be said: each prompt's id, its version, its length in milliseconds and its text.",
    "# The audio is 8k/<id>.wav. `say` and `speed` are for the renderer, where the text alone is",
    "# not read well; ../README.md says how to add or change a prompt.",
]


if __name__ == "__main__":
    main()
