"""The gradient of the presets points to the right pitch: few pitches of the benchmark's sweeps."""

import math
from pathlib import Path

import pytest
import torch

import sot
from sot import Wasserstein1DLoss
from sot.audio import read_audio
from sot.landscape import Landscape, harmonic_tone

RATE, SAMPLES = 16000, 8192
NOTES = Path(sot.__file__).parent / "data" / "notes"
OVERTONES = [1 / k for k in range(1, 41)]
#: Pitch and amplitudes of the harmonics.
TONES = {
    "sine 160": (160.0, [1.0]),
    "sine 800": (800.0, [1.0]),
    "missing fundamental": (250.0, [0.0] + 15 * [1.0]),
    "square": (250.0, [k % 2 / k for k in range(1, 33)]),
    "sawtooth": (440.0, OVERTONES),
}


def tone(f0, amplitudes, samples=SAMPLES, rate=RATE):
    pitch = torch.tensor([f0], dtype=torch.float64)
    sound = harmonic_tone(pitch, samples, rate, torch.tensor(amplitudes, dtype=torch.float64))[0]
    return (0.2 * sound / sound.square().mean().sqrt()).float()


def logarithmic(low, high, count):
    return torch.logspace(math.log2(low), math.log2(high), count, base=2, dtype=torch.float64)


def shares(loss, target, f0, amplitudes, level=0.2, rate=RATE):
    """Percentages of right directions, coarse (33 pitches) and fine (24).

    One backward pass gives the derivatives of all candidates, since each depends on its pitch only.
    """
    octave = 1 / 12
    found = []
    for pitches in (
        logarithmic(max(f0 / 4, 40), min(4 * f0, 0.49 * rate), 33),
        logarithmic(f0 / 2**octave, f0 * 2**octave, 24),
    ):
        octaves = pitches.log2().requires_grad_()
        heights = torch.tensor(amplitudes, dtype=torch.float64)
        candidates = harmonic_tone(octaves.exp2(), target.shape[-1], rate, heights)
        gain = level / candidates.detach().square().mean(-1, keepdim=True).sqrt().mean()
        values = loss(target.expand(len(pitches), -1), (gain * candidates).float())
        (slopes,) = torch.autograd.grad(values.sum(), octaves)
        found.append(100 * Landscape(pitches, values.detach(), slopes).towards(f0))
    return found


def preset(name, **changed):
    return Wasserstein1DLoss(preset=name, sample_rate=RATE, reduction="batch", **changed)


def noisy(sound, snr):
    noise = torch.randn(sound.shape, generator=torch.Generator().manual_seed(1))
    return sound + noise * sound.square().mean().sqrt() * 10 ** (-snr / 20)


@pytest.fixture(params=TONES)
def target(request):
    """A pitch, amplitudes, and the sound that has them."""
    f0, amplitudes = TONES[request.param]
    return f0, amplitudes, tone(f0, amplitudes)


def test_with_the_timbre_of_the_target_every_direction_is_right(target):
    f0, amplitudes, sound = target
    coarse, fine = shares(preset("pitch"), sound, f0, amplitudes)
    assert coarse >= 99
    assert fine >= 99


@pytest.mark.parametrize(("snr", "coarse", "fine"), [(20, 97, 95), (10, 90, 85)])
def test_white_noise_on_the_target_leaves_the_direction(target, snr, coarse, fine):
    f0, amplitudes, sound = target
    found = shares(preset("pitch"), noisy(sound, snr), f0, amplitudes)
    assert found[0] >= coarse
    assert found[1] >= fine


@pytest.mark.parametrize("level", [-40, -80])
def test_the_level_of_the_target_changes_nothing(level):
    f0, amplitudes = TONES["square"]
    sound = 10 ** (level / 20) * tone(f0, amplitudes)
    for name in ("pitch", "harmonic"):
        assert shares(preset(name), sound, f0, amplitudes) == [100, 100]


def test_neither_does_the_level_of_both():
    f0, amplitudes = TONES["sawtooth"]
    sound = 1e-4 * tone(f0, amplitudes)
    for name in ("pitch", "harmonic"):
        assert shares(preset(name), sound, f0, amplitudes, 0.2e-4) == [100, 100]


@pytest.mark.parametrize("name", ["pitch", "harmonic"])
@pytest.mark.parametrize("sine", ["sine 160", "sine 800"])
def test_a_pure_tone_finds_a_pure_tone(name, sine):
    f0, amplitudes = TONES[sine]
    assert shares(preset(name), tone(f0, amplitudes), f0, [1.0]) == [100, 100]


@pytest.mark.parametrize(
    ("kind", "coarse", "fine"), [("missing fundamental", 95, 77), ("square", 97, 75)]
)
def test_by_harmonics_a_pure_tone_finds_what_has_no_such_partial(kind, coarse, fine):
    f0, amplitudes = TONES[kind]
    found = shares(preset("harmonic"), tone(f0, amplitudes), f0, [1.0])
    assert found[0] >= coarse
    assert found[1] >= fine


@pytest.mark.parametrize(("name", "coarse", "fine"), [("pitch", 90, 65), ("harmonic", 95, 85)])
@pytest.mark.parametrize("note", sorted(NOTES.glob("*.flac")), ids=lambda path: path.stem)
def test_recorded_notes_are_found_by_tones_of_another_timbre(note, name, coarse, fine):
    f0 = 440 * 2 ** ((int(note.stem[-3:]) - 69) / 12)
    # Half a second behind the onset, which is what the length of the test allows.
    sound = read_audio(note).mono().samples[0][1600 : 1600 + SAMPLES]
    found = shares(preset(name), sound, f0, OVERTONES)
    assert found[0] >= coarse
    assert found[1] >= fine


@pytest.mark.parametrize(("rate", "size"), [(8000, 1024), (44100, 4096)])
@pytest.mark.parametrize("name", ["pitch", "harmonic"])
def test_frames_of_an_eighth_of_a_second_do_at_other_rates(name, rate, size):
    sound = tone(330.0, OVERTONES[:12], rate // 2, rate)
    settings = {"fft_size": size, "hop_length": size // 4, "reduction": "batch"}
    loss = Wasserstein1DLoss(preset=name, sample_rate=rate, **settings)
    assert shares(loss, sound, 330.0, OVERTONES[:12], rate=rate) == [100, 100]


def test_chroma_points_to_the_nearest_pitch_of_the_class():
    f0, amplitudes = TONES["sawtooth"]
    loss = preset("chroma").bind(tone(f0, amplitudes, 16384)[None])
    for octave in (0.5, 1.0, 2.0):
        for beside in (-4.4, -1.4, 1.4, 4.4):  # semitones
            octaves = torch.tensor([f0 * octave]).log2() + beside / 12
            octaves.requires_grad_()
            value = loss(harmonic_tone(octaves.exp2(), 16384, RATE))
            (slope,) = torch.autograd.grad(value.sum(), octaves)
            assert slope * beside > 0


def test_frames_that_reach_beyond_the_ends_lose_the_direction():
    """Why 'whole' is the default: the framing of sot-loss is no better than half right and wrong.

    A tone that is reflected at its ends has a broad spectrum there, which depends on the phase in
    which it was cut. Two frames at either end of 16 are enough.
    """
    settings = {"fft_size": 2048, "hop_length": 512, "square_magnitude": True}
    right = {"whole": [], "reflect": []}
    for f0, amplitudes in TONES.values():
        sound = tone(f0, amplitudes)
        for framing, found in right.items():
            loss = Wasserstein1DLoss(
                **settings, framing=framing, sample_rate=RATE, reduction="batch"
            )
            found.append(shares(loss, sound, f0, amplitudes))
    whole, reflect = (torch.tensor(found).mean(0) for found in right.values())
    assert (whole >= torch.tensor([97.0, 90.0])).all()
    assert (reflect <= whole - 20).all()
