"""Presets, which are named sets of arguments, and how explicit arguments win over them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from sot import _checks

P = ParamSpec("P")
R = TypeVar("R")

#: Arguments of :class:`~sot.Wasserstein1DLoss` that each preset sets. 'sot-loss' also switches on
#: the arithmetic of the replaced package (see the page "Coming from sot-loss").
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "sot-loss": {"framing": "reflect", "silence": "top_bin"},
    # Frames of about 1/8 s (set `fft_size` for the sample rate), in which the low harmonics decide.
    "pitch": {
        "transform": "stft",
        "fft_size": 2048,
        "hop_length": 512,
        "window": "blackmanharris",
        "fmin": 20.0,
        "framing": "whole",
        "square_magnitude": True,
        "p": 1,
        "lowpass": 300.0,
        "noise_floor": 5.0,
        "silence_db": -40.0,
    },
    # For an estimate that cannot have the timbre of its reference.
    "harmonic": {
        "transform": "harmonic",
        "fft_size": 2048,
        "hop_length": 512,
        "window": "blackmanharris",
        "bins_per_octave": 48,
        "framing": "whole",
        "p": 1,
        "noise_floor": 5.0,
        "silence_db": -40.0,
    },
    # For pitch class whatever the octave.
    "chroma": {
        "transform": "chroma",
        "fft_size": 4096,
        "hop_length": 1024,
        "window": "blackmanharris",
        "framing": "whole",
        "square_magnitude": True,
        "circular": True,
        "p": 1,
        "noise_floor": 5.0,
        "silence_db": -40.0,
    },
    "paper": {
        "transform": "stft",
        "fft_size": 2048,
        "hop_length": 256,
        "window": "flattop",
        "sample_rate": 16000,
        "framing": "end",
        "square_magnitude": True,
        "p": 2,
        "normalize": True,
        "balanced": False,
        "quantile_lowpass": True,
    },
}


def with_presets(
    presets: Mapping[str, Mapping[str, Any]],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Fill the arguments that a caller left out from the preset that the caller named.

    The decorated constructor keeps its signature. An unknown keyword raises a TypeError that
    names the nearest valid one, unless the constructor itself takes further keywords.
    """

    def decorate(init: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(init)
        kinds = {parameter.kind for parameter in signature.parameters.values()}
        open_ended = inspect.Parameter.VAR_KEYWORD in kinds

        @functools.wraps(init)
        def construct(*args: P.args, **kwargs: P.kwargs) -> R:
            if not open_ended:
                names = list(signature.parameters)[1:]
                _checks.known_keywords(type(args[0]).__name__, kwargs, names)
            given = signature.bind_partial(*args, **kwargs)
            name = given.arguments.get("preset")
            if name is not None:
                _checks.choice("preset", name, list(presets))
                for key, value in presets[name].items():
                    given.arguments.setdefault(key, value)
            return init(*given.args, **given.kwargs)

        return construct

    return decorate
