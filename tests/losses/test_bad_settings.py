"""Settings that cannot work are refused by name, with what is expected and what to do."""

import numpy as np
import pytest
import torch

from sot import LevelLoss, MultiResolutionSOTLoss, MultiScaleSpectralLoss, Wasserstein1DLoss

#: Arguments, and what the message has to say after the name of the first of them.
WRONG_VALUES = [
    ({"transform": "sft"}, "one of 'stft', .*did you mean 'stft'"),
    ({"p": 0.5}, "at least 1, got 0.5"),
    ({"p": float("nan")}, "a finite number at least 1"),
    ({"p": float("inf")}, "a finite number at least 1"),
    ({"eps": -1e-8}, "at least 0"),
    ({"eps": 0, "log": True}, "a positive floor with log=True"),
    ({"dim": 0}, r"-1 \(frequency\) or -2 \(time\), got 0"),
    ({"dim": 1}, r"-1 \(frequency\) or -2 \(time\), got 1"),
    ({"dim": 2}, r"-1 \(frequency\) or -2 \(time\), got 2"),
    ({"fft_size": 1}, "at least 2, got 1"),
    ({"hop_length": 0}, "at least 1, got 0"),
    ({"win_length": 2000}, "at most fft_size, 1024, got 2000"),
    ({"window": "flatop"}, "SciPy window.*'?flatop'?.*did you mean 'flattop'"),
    ({"window": ("kaiser",)}, "SciPy window.*name and parameters.*get_window"),
    ({"n_mels": 0, "transform": "mel"}, "at least 1, got 0"),
    ({"mel_scale": "htkk", "transform": "mel"}, "did you mean 'htk'"),
    ({"mel_norm": "area", "transform": "mel"}, "'slaney'"),
    ({"n_bins": 304, "transform": "cqt"}, "at most 303 bins.*Nyquist.*lower n_bins or fmin"),
    ({"n_bins": 73, "fmin": 100, "fmax": 400, "transform": "cqt"}, "at most 72 bins.*fmax"),
    ({"n_bins": 0, "transform": "cqt"}, "at least 1, got 0"),
    ({"bins_per_octave": 0, "transform": "cqt"}, "at least 1, got 0"),
    ({"gamma": -1, "transform": "vqt"}, "at least 0"),
    ({"fmin": 0, "transform": "cqt"}, "a positive frequency"),
    ({"fmin": 500, "fmax": 500}, "less than fmax, 500 Hz, got 500 Hz"),
    ({"fmin": 12000}, "less than the Nyquist frequency 11025 Hz"),
    ({"fmin": -5}, "at least 0"),
    ({"fmin": 441, "fmax": 442}, "a band that holds at least one bin"),
    ({"fmax": 12000}, "at most the Nyquist frequency 11025 Hz"),
    ({"sample_rate": 0}, "above 0"),
    ({"bin_position_scaling": "normalised"}, "did you mean 'normalized'"),
    ({"reduction": "means"}, "did you mean 'mean'"),
    ({"reduce": False, "reduction": "sum"}, "no contradiction to reduction"),
    ({"reduce": True, "reduction": "sum"}, "no contradiction to reduction"),
    ({"reduce": True, "reduction": "none"}, "no contradiction to reduction"),
    ({"framing": "wole"}, "did you mean 'whole'"),
    ({"silence": "ignored"}, "did you mean 'ignore'"),
    ({"preset": "papers"}, "did you mean 'paper'"),
    ({"p": 10**400}, "a finite number at least 1"),
    ({"fft_size": 10**30}, "a whole number of at most"),
    ({"device": "gpu"}, "a device such as 'cpu'.*got 'gpu'; Expected one of cpu"),
    ({"device": ""}, "a device such as 'cpu'"),
    ({"window": ()}, "SciPy window"),
    ({"window": float("nan")}, "finite samples, got nan"),
    ({"window": ("gaussian", 0.0)}, "finite samples"),
    ({"circular": True, "balanced": False}, "normalize=True and balanced=True"),
    ({"circular": True, "normalize": False}, "normalize=True and balanced=True"),
    ({"return_quantiles": True, "circular": True}, "False with circular=True.*no quantiles"),
    ({"quantile_lowpass": True, "circular": True}, "False with circular=True"),
]

WRONG_TYPES = [
    ({"transform": 3}, "one of 'stft'"),
    ({"normalize": "yes"}, "True or False, got 'yes'"),
    ({"balanced": 1}, r"True or False, got 1 \(int\)"),
    ({"p": "2"}, r"a finite number at least 1, got '2' \(str\)"),
    ({"p": True}, "a finite number"),
    ({"dim": "time"}, "a whole number"),
    ({"eps": None}, "a finite number"),
    ({"fft_size": 512.0}, r"a whole number of at least 2, got 512.0 \(float\)"),
    ({"hop_length": True}, "a whole number"),
    ({"log": None}, "True or False"),
    ({"reduce": 1}, "True or False"),
    ({"reduction": None}, "one of 'mean'"),
    ({"bin_position_scaling": 1}, "one of 'normalized'"),
    ({"n_bins": 12.5, "transform": "cqt"}, "a whole number"),
    ({"sample_rate": "16k"}, "a finite number"),
    ({"validate": 1}, "True or False"),
    ({"preset": 1}, "one of 'sot-loss', 'pitch'"),
    ({"window": True}, r"SciPy window.*got True \(bool\)"),
    ({"device": True}, r"a device such as 'cpu'.*got True \(bool\)"),
    ({"device": torch.float64}, "a device such as 'cpu'.*got torch.float64"),
    ({"fft_size": torch.tensor(512.0)}, "a whole number of at least 2, got a float32 tensor"),
    ({"hop_length": np.array([1, 2])}, "a whole number of at least 1"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_VALUES)
def test_a_wrong_value_is_refused_by_name(arguments, message):
    name = next(iter(arguments))
    with pytest.raises(ValueError, match=f"^{name}: expected .*{message}"):
        Wasserstein1DLoss(**arguments)


@pytest.mark.parametrize(("arguments", "message"), WRONG_TYPES)
def test_a_wrong_type_is_refused_by_name(arguments, message):
    name = next(iter(arguments))
    with pytest.raises(TypeError, match=f"^{name}: expected .*{message}"):
        Wasserstein1DLoss(**arguments)


@pytest.mark.parametrize(
    ("keyword", "nearest"),
    [
        ("fft_sizes", "fft_size"),
        ("normalise", "normalize"),
        ("samplerate", "sample_rate"),
        ("hoplength", "hop_length"),
        ("bin_position_scale", "bin_position_scaling"),
        ("squared_magnitude", "square_magnitude"),
    ],
)
def test_an_unknown_keyword_is_refused_with_the_nearest_valid_one(keyword, nearest):
    with pytest.raises(TypeError, match=f"unknown argument '{keyword}'; did you mean '{nearest}'"):
        Wasserstein1DLoss(**{keyword: 1})


def test_a_keyword_that_resembles_none_is_refused_with_the_list_of_all():
    with pytest.raises(TypeError, match="unknown argument 'zzz'; choose from transform, normalize"):
        Wasserstein1DLoss(zzz=1)


def test_resolutions_are_checked_like_a_single_one():
    with pytest.raises(ValueError, match=r"^p: expected a finite number at least 1"):
        MultiResolutionSOTLoss(p=0)
    with pytest.raises(ValueError, match=r"^win_length: expected at most fft_size, 512"):
        MultiResolutionSOTLoss(win_lengths=[1024, 2048, 1024])
    with pytest.raises(TypeError, match=r"^fft_size: expected a whole number"):
        MultiResolutionSOTLoss(fft_sizes=[512.0], hop_lengths=[128])


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (ValueError, {"variant": "linar"}),
        (TypeError, {"variant": 1}),
        (ValueError, {"fft_sizes": [512, 2]}),
        (ValueError, {"fft_sizes": []}),
        (TypeError, {"fft_sizes": [512.0]}),
        (TypeError, {"fft_sizes": 512}),
        (TypeError, {"fft_sizes": "512"}),
        (ValueError, {"framing": "ends"}),
        (ValueError, {"framing": ""}),
        (ValueError, {"reduction": "mea"}),
        (TypeError, {"validate": "yes"}),
    ],
)
def test_settings_of_the_multi_scale_loss_are_refused_by_name(kind, arguments):
    with pytest.raises(kind, match=f"^{next(iter(arguments))}: expected"):
        MultiScaleSpectralLoss(**arguments)


@pytest.mark.parametrize("floor_db", [1e30, -1e30, 301.0, float("nan")])
def test_a_floor_beyond_any_level_is_refused(floor_db):
    with pytest.raises(ValueError, match="floor_db: expected a finite number at least -300 and"):
        LevelLoss(floor_db=floor_db)


@pytest.mark.parametrize("floor_db", [-300.0, 300.0])
def test_the_outermost_floors_give_finite_levels(floor_db):
    silence, sound = torch.zeros(4000), torch.ones(4000, requires_grad=True)
    loss = LevelLoss(floor_db=floor_db)(silence, sound)
    (slope,) = torch.autograd.grad(loss, sound)
    assert loss.isfinite()
    assert slope.isfinite().all()
