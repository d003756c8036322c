"""The transport loss as its documentation reads: NumPy, SciPy and librosa, one frame at a time."""

import warnings

import librosa
import numpy as np
from scipy.signal import get_window

from generators.framed import frames_of
from generators.reference import carried_cost


def spectrum_of(clip, setting):
    """Weights of a clip, shape (frames, bins)."""
    length = setting["win_length"]
    rule, hop, size = setting["framing"], setting["hop_length"], setting["fft_size"]
    frames = frames_of(clip, rule, length, hop, size) * get_window(setting["window"], length)
    weights = np.abs(np.fft.rfft(frames, n=size))[:, band(setting)]
    if setting["square_magnitude"]:
        weights = weights**2
    lower_median = np.quantile(weights, 0.5, axis=1, keepdims=True, method="lower")
    weights = np.maximum(weights - setting["noise_floor"] * lower_median, 0)
    if setting["transform"] == "mel":
        weights = weights @ mel_filters(setting).T
    if setting["lowpass"] is not None:
        gain = 1 / (1 + (frequencies(setting) / setting["lowpass"]) ** 2) ** 2
        weights = weights * (gain if setting["square_magnitude"] else np.sqrt(gain))
    return np.log(1 + weights / setting["eps"]) if setting["log"] else weights


def band(setting):
    """Which bins of the Fourier transform count; filters see them all."""
    hertz = fft_frequencies(setting)
    if setting["transform"] == "mel":
        return np.full(len(hertz), True)
    return (hertz >= setting["fmin"]) & (hertz <= setting["fmax"])


def fft_frequencies(setting):
    """Hz of all bins of the Fourier transform; the last of an even size is just at Nyquist."""
    size = setting["fft_size"]
    return np.arange(size // 2 + 1) * setting["sample_rate"] / size


def mel_filters(setting):
    """The filters of librosa, shape (filters, bins)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some of the filters see no bin at all
        return librosa.filters.mel(
            sr=setting["sample_rate"],
            n_fft=setting["fft_size"],
            n_mels=setting["n_mels"],
            fmin=setting["fmin"],
            fmax=setting["fmax"],
            htk=setting["mel_scale"] == "htk",
            norm=setting["mel_norm"],
            dtype=np.float64,
        )


def frequencies(setting):
    """Hz of the bins that are compared."""
    if setting["transform"] == "mel":
        edges = {"fmin": setting["fmin"], "fmax": setting["fmax"]}
        htk = setting["mel_scale"] == "htk"
        return librosa.mel_frequencies(setting["n_mels"] + 2, htk=htk, **edges)[1:-1]
    return fft_frequencies(setting)[band(setting)]


def positions_of(setting):
    """Where the bins lie."""
    hertz, scaling = frequencies(setting), setting["bin_position_scaling"]
    low, high = setting["fmin"], setting["fmax"]
    if scaling == "absolute":
        return hertz
    if scaling == "log":
        lowest = hertz[hertz > 0][0]
        octaves = np.log2(np.maximum(hertz, lowest))
        start = np.log2(low or lowest)
        return (octaves - start) / (np.log2(high) - start)
    if setting["transform"] == "mel":
        return np.linspace(0, 1, len(hertz))
    if scaling == "mel":
        htk = setting["mel_scale"] == "htk"
        mel = [librosa.hz_to_mel(f, htk=htk) for f in (hertz, low, high)]
        return (mel[0] - mel[1]) / (mel[2] - mel[1])
    return hertz / (setting["sample_rate"] / 2)


def energies_of(clip, setting):
    """Sum of the squares under each frame, shape (frames,)."""
    length, hop, size = setting["win_length"], setting["hop_length"], setting["fft_size"]
    rule = setting["framing"]
    count = len(frames_of(clip, rule, length, hop, size))
    start = 0 if rule in ("whole", "end") else (size - length) // 2 - size // 2
    padded = np.pad(clip, 2 * size)
    firsts = 2 * size + start + hop * np.arange(count)
    padded = np.pad(padded, (0, max(0, firsts[-1] + length - len(padded))))
    return np.array([np.sum(padded[first:][:length] ** 2) for first in firsts])


def frame_votes(x, y, x_mass, y_mass, setting):
    """The weight of the vote of each frame, from both clips and the masses of their spectra."""
    votes = np.ones(len(x_mass))
    if setting["silence"] == "ignore":
        votes *= (x_mass > setting["eps"]) & (y_mass > setting["eps"])
    if setting["silence_db"] is not None:
        for clip in (x, y):
            energy = energies_of(clip, setting)
            votes *= energy > energy.max() * 10 ** (setting["silence_db"] / 10)
    if setting["frame_weighting"] == "energy":
        energy = energies_of(x, setting)
        votes *= energy / energy.max() if energy.max() > 0 else 0.0
    return votes


def frame_cost(u, v, positions, setting):
    """Cost of one frame, from the weights of both sides."""
    extra = setting["eps"] if setting["silence"] == "top_bin" else 0.0
    u_mass, v_mass = u.sum() + extra, v.sum() + extra
    if setting["normalize"]:
        u, v = u / u_mass, v / (v_mass if setting["balanced"] else u_mass)
    elif setting["balanced"]:
        v = v * (u_mass / v_mass)
    limit = 1 + 1e-9 if setting["quantile_lowpass"] else np.inf
    cost = carried_cost(positions, positions, u, v, setting["p"], limit)
    return cost ** (1 / setting["p"]) if setting["apply_root"] else cost


def frame_costs(x, y, setting):
    """Costs and votes of the frames of two clips, shape (frames,) each."""
    positions = positions_of(setting)
    u, v = spectrum_of(x, setting), spectrum_of(y, setting)
    votes = frame_votes(x, y, u.sum(1), v.sum(1), setting)
    costs = [
        frame_cost(*pair, positions, setting) if vote > 0 else 0.0
        for *pair, vote in zip(u, v, votes, strict=True)
    ]
    return np.array(costs), votes


def reduced(costs, votes, reduction):
    """One number for all items, or one for each: lists of arrays of shape (channels, frames)."""
    sums = np.array([np.sum(cost * vote) for cost, vote in zip(costs, votes, strict=True)])
    counts = np.array([np.sum(vote) for vote in votes])
    if reduction == "sum":
        return sums.sum()
    if reduction == "batch":
        return sums / np.where(counts > 0, counts, 1)
    return sums.sum() / (counts.sum() or 1.0)
