"""What the verbs share: one-line errors, the options of the loss, consoles."""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", int, float)

#: Every argument of Wasserstein1DLoss that does not change the form of the result: its type on the
#: command line and its help. A value that is not given is left to the loss and its presets.
LOSS_OPTIONS: dict[str, tuple[type, str]] = {
    "preset": (
        str,
        "A set of arguments: pitch, harmonic, chroma, paper or sot-loss; options win over it.",
    ),
    "transform": (str, "The spectrum: stft, mel, cqt, vqt, harmonic or chroma."),
    "fft_size": (int, "Samples of the transform (not cqt, vqt)."),
    "hop_length": (int, "Samples from one frame to the next."),
    "win_length": (int, "Samples under the window (not cqt, vqt)."),
    "window": (str, "SciPy window by name, with parameters after a comma: kaiser,8.6."),
    "n_mels": (int, "Number of mel filters."),
    "mel_scale": (str, "Mel scale of filters and positions: slaney or htk."),
    "mel_norm": (str, "Mel filters: slaney for equal area, none for peaks of 1."),
    "n_bins": (int, "Number of bins (cqt, vqt)."),
    "bins_per_octave": (int, "Resolution (cqt, vqt, harmonic, chroma)."),
    "bins_per_semitone": (int, "Deprecated: a twelfth of --bins-per-octave."),
    "fmin": (float, "Lowest frequency in Hz."),
    "fmax": (float, "Highest frequency in Hz."),
    "gamma": (float, "Widens the low bins of the vqt."),
    "sample_rate": (int, "Resample to this rate in Hz; else that of the preset or the recording."),
    "bin_position_scaling": (
        str,
        "Ground positions: normalized, normalized_linear, absolute (Hz), log or mel.",
    ),
    "framing": (str, "Frames at the ends: whole, reflect, zero or end."),
    "square_magnitude": (bool, "Compare powers instead of magnitudes."),
    "log": (bool, "Compress the spectra."),
    "normalize": (bool, "Give the reference mass 1."),
    "balanced": (bool, "Give the estimate the mass of the reference."),
    "quantile_lowpass": (bool, "Leave out energy of the estimate beyond the reference's."),
    "p": (float, "Exponent of the ground cost, at least 1."),
    "apply_root": (bool, "Take the p-th root, which makes the loss a distance."),
    "dim": (int, "Transport over frequency (-1) or over time (-2)."),
    "circular": (bool, "Place the bins on a circle."),
    "silence": (str, "Silent frames: ignore, or top_bin to let them vote."),
    "silence_db": (float, "Level below the loudest frame at which frames are silent: -40."),
    "frame_weighting": (str, "Votes of frames: equal, or by the energy of the reference."),
    "noise_floor": (float, "Take so many times the median of a frame off its bins: 5."),
    "lowpass": (float, "Count bins less above this frequency in Hz."),
    "eps": (float, "Mass up to which a frame is silent."),
    "device": (str, "Where to compute, such as cpu or cuda."),
    "validate": (bool, "Check the values of the input."),
}

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

#: Spectra of recordings; 'identity' takes spectrograms, which no audio file holds.
_TRANSFORMS = ("stft", "mel", "cqt", "vqt", "harmonic", "chroma")


def with_loss_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of the loss to a command that takes them as `**arguments`."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    added = []
    for name, (kind, text) in LOSS_OPTIONS.items():
        flag = "--" + name.replace("_", "-")
        declaration = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
        option = typer.Option(declaration, help=text)
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
        return command(*args, **kwargs, **_as_arguments(given))

    parameters = [*own, *added]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    return run


def _as_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Options as they were typed, as arguments of the loss."""
    from sot import _checks

    if "transform" in given:
        _checks.choice("transform", given["transform"], _TRANSFORMS)
    if given.get("mel_norm") == "none":
        given["mel_norm"] = None
    if "," in given.get("window", ""):
        given["window"] = _window_with_parameters(given["window"])
    if "device" in given:
        _check_device(given["device"])
    return given


def _check_device(device: str) -> None:
    """Tell a device that this machine lacks before anything is read."""
    import torch

    from sot import _checks

    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().split("\n")[0]
        _checks.fail("device", "a device that torch can use here", repr(device), reason)


def asked_rate(arguments: dict[str, Any]) -> int | None:
    """The sample rate that an option or its preset asks for."""
    from sot.losses import PRESETS

    preset = PRESETS.get(arguments.get("preset", ""), {})
    rate: int | None = arguments.get("sample_rate", preset.get("sample_rate"))
    return rate


def _window_with_parameters(text: str) -> tuple[Any, ...]:
    """'kaiser,8.6' as SciPy wants it: ('kaiser', 8.6)."""
    name, *parameters = text.split(",")
    return (name, *numbers("window", ",".join(parameters), float))


def numbers(name: str, text: str, kind: Callable[[str], T]) -> list[T]:
    """A comma-separated list of finite numbers."""
    try:
        parsed = [kind(part) for part in text.split(",")]
    except ValueError:
        parsed = []
    if not parsed or not all(math.isfinite(number) for number in parsed):
        raise ValueError(f"{name}: expected numbers with commas between, got {text!r}")
    return parsed


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Turn an error that a user can mend into one line on standard error and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (BrokenPipeError, typer.Exit, typer.Abort):  # Typer ends quietly
            raise
        except (ValueError, TypeError, ArithmeticError, OSError, ImportError, MemoryError) as error:
            complain(str(error) or "not enough memory")
            raise typer.Exit(1) from error
        except RuntimeError as error:  # below its first line stand torch's own calls
            complain(f"torch cannot do this: {(str(error).splitlines() or [''])[0]}")
            raise typer.Exit(1) from error

    return run


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch on one thread: for half a second of sound, threads wait longer than they work."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def complain(message: str, who: str = "sot") -> None:
    """One line on standard error."""
    typer.echo(f"{who}: {visible(' '.join(message.split()))}", err=True)


def visible(name: str) -> str:
    """A name of a file in one line, with escapes for what would break it or steer a terminal."""
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], name)


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[Path | str]) -> None:
    """Refuse to write what would take the place of a file that is read."""
    read = [path for path in map(Path, inputs) if path.exists()]
    for output in outputs:
        if output is not None and output.exists() and any(map(output.samefile, read)):
            raise ValueError(f"{output}: expected another file than those that are read")


def on_terminal() -> bool:
    """Whether someone watches standard error, so that a progress bar makes sense."""
    return sys.stderr.isatty()
