"""What the verbs share: one-line errors, the options of the loss, consoles."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

#: Every argument of Wasserstein1DLoss that does not change the form of the result: its type on the
#: command line and its help. A value that is not given is left to the loss and its presets.
LOSS_OPTIONS: dict[str, tuple[type, str]] = {
    "preset": (str, "a set of arguments: sot-loss or paper; options below win over it"),
    "transform": (str, "stft, mel, cqt or vqt"),
    "fft_size": (int, "samples of the transform (stft, mel)"),
    "hop_length": (int, "samples from one frame to the next"),
    "win_length": (int, "samples under the window (stft, mel)"),
    "window": (str, "SciPy window by name, with parameters after a comma"),
    "n_mels": (int, "number of mel filters"),
    "mel_scale": (str, "slaney or htk"),
    "mel_norm": (str, "slaney, or none for filters that peak at 1"),
    "n_bins": (int, "number of bins (cqt, vqt)"),
    "bins_per_octave": (int, "resolution (cqt, vqt)"),
    "bins_per_semitone": (int, "deprecated, a twelfth of bins per octave"),
    "fmin": (float, "lowest frequency in Hz"),
    "fmax": (float, "highest frequency in Hz"),
    "gamma": (float, "widens the low bins of the vqt"),
    "sample_rate": (int, "compare at this rate in Hz; by default that of the reference"),
    "bin_position_scaling": (str, "normalized, normalized_linear, absolute, log or mel"),
    "framing": (str, "whole, reflect, zero or end"),
    "square_magnitude": (bool, "compare powers"),
    "log": (bool, "compress magnitudes"),
    "normalize": (bool, "give the reference mass 1"),
    "balanced": (bool, "give the estimate the mass of the reference"),
    "quantile_lowpass": (bool, "leave out energy beyond the reference's"),
    "p": (float, "exponent of the ground cost"),
    "apply_root": (bool, "take the p-th root"),
    "dim": (int, "-1 over frequency, -2 over time"),
    "circular": (bool, "positions on a circle"),
    "silence": (str, "ignore or top_bin"),
    "eps": (float, "mass up to which a frame is silent"),
    "device": (str, "where to compute, such as cpu or cuda"),
    "validate": (bool, "check the values of the input"),
}


def with_loss_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of the loss to a command that takes them as `**arguments`."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    added = []
    for name, (kind, text) in LOSS_OPTIONS.items():
        flag = "--" + name.replace("_", "-")
        declaration = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
        option = typer.Option(declaration, help=text, rich_help_panel="Loss")
        added.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[kind | None, option],
            )
        )

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> R:
        chosen = {name: kwargs.pop(name, None) for name in LOSS_OPTIONS}
        given = {name: value for name, value in chosen.items() if value is not None}
        if given.get("mel_norm") == "none":
            given["mel_norm"] = None
        if "," in given.get("window", ""):
            given["window"] = _window_with_parameters(given["window"])
        return command(*args, **kwargs, **given)

    parameters = [*own, *added]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    return run


def _window_with_parameters(text: str) -> tuple[Any, ...]:
    """'kaiser,8.6' as SciPy wants it: ('kaiser', 8.6)."""
    name, *parameters = text.split(",")
    return (name, *numbers("window", ",".join(parameters), float))


def numbers(name: str, text: str, kind: Callable[[str], T]) -> list[T]:
    """A comma-separated list of numbers."""
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"{name}: expected numbers with commas between, got {text!r}") from None


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Turn an error that a user can mend into one line on standard error and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (ValueError, TypeError, OSError, ImportError) as error:
            complain(str(error))
            raise typer.Exit(1) from error

    return run


def complain(message: str) -> None:
    """One line on standard error."""
    typer.echo(f"sot: {' '.join(message.split())}", err=True)


def on_terminal() -> bool:
    """Whether someone watches standard error, so that a progress bar makes sense."""
    return sys.stderr.isatty()
