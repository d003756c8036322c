"""Every argument of the loss is an option, and reaches the loss."""

import inspect
import re

import pytest
import soundfile
import soxr
import torch

import sot
from sot.cli._common import LOSS_OPTIONS

#: For each option: what to type, the arguments that it stands for, and what goes beside both.
CASES = {
    "preset": (("--preset", "paper"), {"preset": "paper", "sample_rate": 16000}, ()),
    "transform": (("--transform", "cqt"), {"transform": "cqt"}, ()),
    "fft_size": (("--fft-size", "512"), {"fft_size": 512}, ()),
    "hop_length": (("--hop-length", "100"), {"hop_length": 100}, ()),
    "win_length": (("--win-length", "700"), {"win_length": 700}, ()),
    "window": (("--window", "kaiser,8.6"), {"window": ("kaiser", 8.6)}, ()),
    "n_mels": (("--n-mels", "20"), {"n_mels": 20}, ("mel",)),
    "mel_scale": (("--mel-scale", "htk"), {"mel_scale": "htk"}, ("mel",)),
    "mel_norm": (("--mel-norm", "none"), {"mel_norm": None}, ("mel",)),
    "n_bins": (("--n-bins", "200"), {"n_bins": 200}, ("vqt",)),
    "bins_per_octave": (("--bins-per-octave", "24"), {"bins_per_octave": 24}, ("vqt",)),
    "bins_per_semitone": (("--bins-per-semitone", "2"), {"bins_per_octave": 24}, ("vqt",)),
    "fmin": (("--fmin", "400"), {"fmin": 400.0}, ()),
    "fmax": (("--fmax", "900.5"), {"fmax": 900.5}, ()),
    "gamma": (("--gamma", "9"), {"gamma": 9.0}, ("vqt",)),
    "sample_rate": (("--sample-rate", "8000"), {"sample_rate": 8000}, ()),
    "bin_position_scaling": (
        ("--bin-position-scaling", "log"),
        {"bin_position_scaling": "log"},
        (),
    ),
    "framing": (("--framing", "zero"), {"framing": "zero"}, ()),
    "square_magnitude": (("--square-magnitude",), {"square_magnitude": True}, ()),
    "log": (("--log",), {"log": True}, ()),
    "normalize": (("--no-normalize",), {"normalize": False}, ()),
    "balanced": (("--no-balanced",), {"balanced": False}, ()),
    "quantile_lowpass": (("--quantile-lowpass",), {"quantile_lowpass": True}, ("unbalanced",)),
    "p": (("--p", "1.5"), {"p": 1.5}, ()),
    "apply_root": (("--apply-root",), {"apply_root": True}, ()),
    "dim": (("--dim", "-2"), {"dim": -2}, ()),
    "circular": (("--circular",), {"circular": True}, ()),
    "silence": (("--silence", "top_bin"), {"silence": "top_bin"}, ()),
    "silence_db": (("--silence-db", "-1"), {"silence_db": -1.0}, ()),
    "frame_weighting": (("--frame-weighting", "energy"), {"frame_weighting": "energy"}, ()),
    "noise_floor": (("--noise-floor", "3"), {"noise_floor": 3.0}, ()),
    "lowpass": (("--lowpass", "500"), {"lowpass": 500.0}, ()),
    "eps": (("--eps", "10"), {"eps": 10.0}, ()),
    "device": (("--device", "cpu"), {"device": "cpu"}, ()),
    "validate": (("--no-validate",), {"validate": False}, ()),
}
BESIDE = {
    "mel": (("--transform", "mel"), {"transform": "mel"}),
    "vqt": (("--transform", "vqt", "--gamma", "2"), {"transform": "vqt", "gamma": 2.0}),
    "unbalanced": (("--no-balanced",), {"balanced": False}),
}
WITHOUT_EFFECT = {"device", "validate"}


@pytest.fixture
def files(record):
    """Two notes whose halves differ in pitch, with some silence, at 16 kHz."""
    paths = record("low.wav", 300, 1500), record("high.wav", 420, 1400, 5000)
    for path, loudness in zip(paths, (0.8, 1.0), strict=True):
        samples, rate = soundfile.read(path)
        samples = samples.mean(1)
        samples[3000:] *= loudness
        samples[:1500] = 0
        soundfile.write(path, samples, rate, subtype="FLOAT")
    return paths


def number(answer):
    assert answer.status == 0, answer.err
    (pair,) = answer.document["pairs"]
    return pair["loss"]


def test_every_argument_that_keeps_the_form_of_the_result_is_an_option():
    arguments = set(inspect.signature(sot.Wasserstein1DLoss).parameters)
    assert set(LOSS_OPTIONS) == arguments - {"reduction", "reduce", "return_quantiles"}
    assert set(CASES) == set(LOSS_OPTIONS)


@pytest.mark.filterwarnings("ignore:bins_per_semitone")
@pytest.mark.parametrize("name", CASES)
def test_an_option_reaches_the_loss(files, run, name):
    typed, meant, beside = CASES[name]
    arguments = {"sample_rate": 16000}
    options = []
    for key in beside:
        options += BESIDE[key][0]
        arguments |= BESIDE[key][1]
    default = number(run("compare", *files, *options, "--json"))
    value = number(run("compare", *files, *options, *typed, "--json"))
    x, y = (torch.from_numpy(soundfile.read(path, dtype="float32")[0]) for path in files)
    if name == "sample_rate":
        x, y = (torch.from_numpy(soxr.resample(side.numpy(), 16000, 8000)) for side in (x, y))
    expected = float(sot.Wasserstein1DLoss(**arguments | meant)(x, y))
    assert value == pytest.approx(expected, rel=1e-4)
    assert (value == default) == (name in WITHOUT_EFFECT)


def test_an_explicit_option_wins_over_the_preset(files, run):
    x, y = (torch.from_numpy(soundfile.read(path, dtype="float32")[0]) for path in files)
    answer = run("compare", *files, "--preset", "paper", "--p", 1, "--balanced", "--json")
    loss = sot.Wasserstein1DLoss(preset="paper", p=1, balanced=True)
    assert number(answer) == pytest.approx(float(loss(x, y)), rel=1e-5)
    assert number(answer) != number(run("compare", *files, "--preset", "paper", "--json"))


def test_several_resolutions_are_the_weighted_sum_of_single_ones(files, run):
    answer = run(
        *("compare", *files, "--json", "--fft-sizes", "512,1024", "--hop-lengths", "100,300"),
        *("--win-lengths", "400,1000", "--weights", "2,0.5", "--p", 1),
    )
    parts = [
        number(
            run(
                *("compare", *files, "--json", "--p", 1, "--fft-size", size),
                *("--hop-length", hop, "--win-length", window),
            )
        )
        for size, hop, window in ((512, 100, 400), (1024, 300, 1000))
    ]
    assert number(answer) == pytest.approx(2 * parts[0] + 0.5 * parts[1], rel=1e-5)


def test_hops_of_several_resolutions_are_a_quarter_unless_given(files, run):
    sizes = ("compare", *files, "--json", "--fft-sizes", "400,2048")
    assert number(run(*sizes)) == number(run(*sizes, "--hop-lengths", "100,512"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--transform", "sttf"), "transform: expected one of .* did you mean 'stft'"),
        (("--transform", "identity"), "transform: expected one of .* got 'identity'"),
        (("--preset", "papr"), "preset: .* did you mean 'paper'"),
        (("--p", "0.5"), "p: expected .* at least 1"),
        (("--p", "nan"), "p: expected a finite number"),
        (("--dim", "0"), r"dim: expected -1 \(frequency\)"),
        (("--window", "hannn"), "window: expected the name of a SciPy window"),
        (("--window", "kaiser,x"), "window: expected numbers"),
        (("--fmax", "9000"), "fmax: expected at most the Nyquist frequency 8000 Hz"),
        (("--sample-rate", "0"), "sample_rate: expected"),
        (("--fft-size", "0"), "fft_size: expected"),
        (("--device", "abacus"), "device: expected a device .* got 'abacus'"),
        (("--circular", "--no-balanced"), "circular: expected"),
        (("--channels", "both"), "channels: expected one of 'mix', 'each'"),
        (("--unequal", "stretch"), "unequal: expected one of 'cut', 'pad'"),
        (("--fft-sizes", "512,x"), "fft_sizes: expected numbers with commas between, got '512,x'"),
        (("--fft-sizes", "512", "--weights", "nan"), "weights: expected numbers"),
        (("--fft-sizes", "512", "--hop-lengths", "1,2"), "hop_lengths: expected 1 entries"),
        (("--hop-lengths", "64"), "fft_sizes: expected beside"),
        (("--fft-sizes", "512", "--fft-size", "512"), "fft_size.*did you mean 'fft_sizes'"),
        (("--fft-size", str(10**15)), "^sot: fft_size: expected a whole number of at most"),
        (("--fft-sizes", str(10**15)), "^sot: fft_size: expected a whole number of at most"),
        (("--transform", "mel", "--n-mels", str(9 * 10**18)), "^sot: n_mels: expected at most"),
        (("--transform", "vqt", "--n-bins", str(9 * 10**18)), "^sot: n_bins: expected at most"),
        (
            ("--transform", "vqt", "--bins-per-octave", str(9 * 10**18)),
            "^sot: bins_per_octave: expected a whole number of at most 10000",
        ),
        (
            ("--transform", "harmonic", "--bins-per-octave", str(10**7)),
            "^sot: bins_per_octave: expected at most .* filters",
        ),
        (
            ("--transform", "chroma", "--circular", "--bins-per-octave", str(10**7)),
            "^sot: bins_per_octave: expected at most .* filters",
        ),
        (("--sample-rate", str(10**9)), "sample_rate: expected a whole number of at most"),
    ],
)
def test_a_wrong_value_is_told_in_one_line(files, run, typed, said):
    answer = run("compare", *files, *typed)
    assert answer.status == 1
    assert answer.out == ""
    assert len(answer.complaints) == 1
    assert answer.err.startswith("sot: ")
    assert re.search(said, answer.err), answer.err


def test_a_wrong_value_is_told_once_for_a_whole_folder(record, run, tmp_path):
    for name in ("left/a.wav", "left/b.wav", "right/a.wav", "right/b.wav"):
        record(name, 300)
    answer = run("compare", tmp_path / "left", tmp_path / "right", "--p", 0)
    assert answer.status == 1
    assert len(answer.complaints) == 1


def test_a_value_that_is_wrong_at_the_rate_of_one_file_leaves_the_others(record, run, tmp_path):
    for side in ("left", "right"):
        record(f"{side}/a.wav", 300)
        record(f"{side}/b.wav", 300, rate=8000)
    answer = run("compare", tmp_path / "left", tmp_path / "right", "--fmax", 7000, "--json")
    (line,) = answer.complaints
    assert answer.status == 1
    assert "b.wav: fmax: expected at most the Nyquist frequency 4000 Hz" in line
    assert [pair["loss"] for pair in answer.document["pairs"]] == [0]


@pytest.mark.parametrize(
    "typed", [("--hop",), ("--nonsense",), ("--p", "abc"), ("--fft-size", "1.5")]
)
def test_what_cannot_be_parsed_is_a_usage_error(files, run, typed):
    answer = run("compare", *files, *typed)
    assert answer.status == 2
    assert answer.out == ""
    assert typed[0] in answer.err
