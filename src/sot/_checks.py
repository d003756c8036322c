"""Every argument check of the package, so that errors read alike: name, expected, received, remedy.

Checks of shapes and settings always run. Checks of values read the numbers, so they run on eager
CPU tensors only (or when forced), where they cost one pass and synchronise nothing.
"""

from __future__ import annotations

import difflib
import math
import numbers
import operator
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor


def describe(value: object) -> str:
    """A short description of a received value for an error message."""
    if isinstance(value, Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        return f"a {kind} tensor of shape {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    if len(text) > 80:
        text = text[:77] + "..."
    return f"{text} ({type(value).__name__})"


def fail(
    name: str,
    expected: str,
    received: object,
    remedy: str = "",
    kind: type[Exception] = ValueError,
) -> NoReturn:
    """Raise the one kind of message that this package gives."""
    described = isinstance(received, str) and kind is not TypeError
    got = str(received) if described else describe(received)
    message = f"{name}: expected {expected}, got {got}"
    raise kind(f"{message}; {remedy}" if remedy else message)


def nearest(word: str, options: Iterable[str]) -> str:
    """'did you mean ...' for the closest option, or the list of all of them."""
    options = list(options)
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(options)}"


def choice(name: str, value: object, options: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str):
        fail(name, f"one of {', '.join(map(repr, options))}", value, kind=TypeError)
    if value not in options:
        close = difflib.get_close_matches(value, options, n=1, cutoff=0.5)
        remedy = f"did you mean {close[0]!r}?" if close else ""
        fail(name, f"one of {', '.join(map(repr, options))}", repr(value), remedy)
    return value


def known_keywords(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse an unknown keyword argument and name the nearest one."""
    known = list(known)
    for name in given:
        if name not in known:
            raise TypeError(f"{owner}: unknown argument {name!r}; {nearest(name, known)}")


def integer(name: str, value: object, minimum: int = 1, maximum: int = sys.maxsize) -> int:
    """A whole number of at least `minimum` and at most `maximum`."""
    expected = f"a whole number of at least {minimum}"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        fail(name, expected, value, kind=TypeError)
    try:
        number = operator.index(value)
    except TypeError:  # arrays have the method, but not all of them are a whole number
        fail(name, expected, value, kind=TypeError)
    if number > maximum:
        fail(name, f"a whole number of at most {maximum}", number)
    if number < minimum:
        fail(name, expected, number)
    return number


def frame_samples(name: str, value: object, minimum: int = 1) -> int:
    """Samples of a frame, whose spectrum would fill the memory beyond a limit."""
    return integer(name, value, minimum, maximum=2**22)


def number(
    name: str,
    value: object,
    minimum: float = -math.inf,
    above: float = -math.inf,
    maximum: float = math.inf,
) -> float:
    """A finite real number, at least `minimum`, strictly above `above` and at most `maximum`."""
    bounds = [f"at least {minimum:g}"] if minimum > -math.inf else []
    bounds += [f"above {above:g}"] if above > -math.inf else []
    bounds += [f"at most {maximum:g}"] if maximum < math.inf else []
    expected = " ".join(["a finite number", " and ".join(bounds)]).strip()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        fail(name, expected, value, kind=TypeError)
    try:
        result = float(value)
    except OverflowError:  # a whole number beyond floating point
        result = math.inf
    if not math.isfinite(result) or not minimum <= result <= maximum or result <= above:
        fail(name, expected, result)
    return result


def flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        fail(name, "True or False", value, kind=TypeError)
    return value


def tensor(name: str, value: object) -> Tensor:
    """A real tensor of any numeric type."""
    if not isinstance(value, Tensor):
        fail(name, "a torch.Tensor", value, "convert it with torch.as_tensor", kind=TypeError)
    if value.is_complex():
        fail(name, "real numbers", value, "take its magnitude with .abs()", kind=TypeError)
    if value.layout != torch.strided:
        layout = str(value.layout).removeprefix("torch.")
        fail(name, "a dense tensor", layout, "convert it with .to_dense()")
    return value.resolve_neg()  # the imaginary part of a conjugate still has to change its sign


def floating(name: str, value: object) -> Tensor:
    """A tensor of floating-point numbers, in single precision at least."""
    checked = tensor(name, value)
    if not checked.is_floating_point():
        fail(
            name,
            "floating-point numbers",
            checked,
            "convert it, for example 16-bit samples with x.float() / 32768",
            kind=TypeError,
        )
    return at_least_single(checked)


def at_least_single(value: Tensor) -> Tensor:
    """Numbers in float32 or float64: half precision and whole numbers become float32."""
    return value if value.dtype in (torch.float32, torch.float64) else value.to(torch.float32)


def audio(name: str, value: object) -> Tensor:
    """A waveform of shape (samples,), (batch, samples) or (batch, channels, samples)."""
    checked = floating(name, value)
    if checked.ndim not in (1, 2, 3):
        fail(
            name,
            "audio of shape (samples,), (batch, samples) or (batch, channels, samples)",
            checked,
        )
    if checked.numel() == 0:
        fail(name, "audio with at least one sample", checked)
    return checked


def holds(condition: Any) -> bool:
    """Whether a condition on values holds; taken as true where values cannot be read."""
    try:
        return bool(condition)
    except RuntimeError:  # under vmap, or with tensors that carry shapes but no numbers
        return True


def reads_values(value: Tensor, validate: bool | None) -> bool:
    """Whether checks of values run: when forced, else for eager tensors on the CPU."""
    if validate is not None:
        return flag("validate", validate)
    return value.device.type == "cpu" and not torch.compiler.is_compiling()


def _extremes(value: Tensor) -> tuple[Any, Any]:
    """The least and the largest number, in the calling thread alone where that is possible.

    After an operation in several threads these stay awake for a while, in the way of our own.
    """
    try:
        array = value.numpy()
    except (RuntimeError, TypeError):  # not a plain tensor on the CPU
        return value.aminmax()
    with np.errstate(all="ignore"):
        return array.min(), array.max()


def finite(name: str, value: Tensor, validate: bool | None = None) -> None:
    """No NaN and no infinity."""
    if not reads_values(value, validate) or value.numel() == 0:
        return
    detached = value.detach()
    lowest, highest = _extremes(detached)  # a NaN is both
    if not holds((lowest > -math.inf) & (highest < math.inf)):
        count = int((~detached.isfinite()).sum())
        fail(
            name, "finite numbers", f"{count} NaN or infinite of {value.numel()}", "clean the input"
        )


def non_negative(name: str, value: Tensor, validate: bool | None = None) -> None:
    """Finite and nowhere below zero."""
    if not reads_values(value, validate) or value.numel() == 0 or _plainly_non_negative(value):
        return
    finite(name, value, validate)
    lowest, _ = _extremes(value.detach())
    if not holds(lowest >= 0):
        fail(
            name,
            "non-negative numbers",
            f"a minimum of {float(lowest):.4g}",
            "take magnitudes or powers",
        )


#: The bits of the largest finite number; those of NaN, infinity and negative numbers are larger.
_LARGEST = {
    np.dtype(np.float32): (np.uint32, 0x7F7FFFFF),
    np.dtype(np.float64): (np.uint64, 0x7FEFFFFFFFFFFFFF),
}


def _plainly_non_negative(value: Tensor) -> bool:
    """Whether one pass over the bits finds nothing; a negative zero, say, takes a second look."""
    try:
        array = value.detach().numpy()
    except (RuntimeError, TypeError):  # not a plain tensor on the CPU
        return False
    bits, largest = _LARGEST.get(array.dtype, (None, 0))
    return bits is not None and bool(array.view(bits).max() <= largest)


def broadcast(name: str, value: Tensor, *others: Tensor) -> torch.Size:
    """The common shape of the leading axes of several tensors."""
    shapes = [tensor.shape[:-1] for tensor in (value, *others)]
    try:
        return torch.Size(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        rest = ", ".join(str(tuple(shape)) for shape in shapes[1:])
        fail(name, f"leading axes that broadcast with {rest}", value)


def ascending(name: str, value: Tensor, remedy: str, validate: bool | None = None) -> None:
    """Sorted along the last axis."""
    if not reads_values(value, validate) or value.shape[-1] < 2:
        return
    if not holds((value.detach().diff(dim=-1) >= 0).all()):
        fail(name, "numbers in ascending order along the last axis", "an unsorted tensor", remedy)


def is_ascending(value: Tensor) -> bool:
    """Whether a tensor whose values can be read is sorted along its last axis; False if unread."""
    if not reads_values(value, None):
        return False
    try:
        return bool((value.detach().diff(dim=-1) >= 0).all())
    except RuntimeError:  # under vmap, or with tensors that carry shapes but no numbers
        return False


def _whole_numbers(name: str, expected: str, value: Any) -> Tensor:
    """An integer tensor, from one or from a list."""
    try:
        numbers = value if isinstance(value, Tensor) else torch.as_tensor(value)
    except (RuntimeError, TypeError, ValueError):
        fail(name, expected, value, kind=TypeError)
    if numbers.is_floating_point() or numbers.is_complex() or numbers.dtype == torch.bool:
        fail(name, expected, numbers, kind=TypeError)
    return numbers.to(torch.int64)


def sample_counts(name: str, value: Any, batch: int, samples: int, validate: bool | None) -> Tensor:
    """The true lengths of the clips of a padded batch, as an integer tensor of shape (batch,)."""
    counts = _whole_numbers(name, "whole numbers of samples", value)
    if counts.shape != (batch,):
        fail(name, f"one length for each of the {batch} clips, shape ({batch},)", counts)
    if reads_values(counts, validate) and not holds(((counts >= 1) & (counts <= samples)).all()):
        fail(name, f"lengths from 1 to {samples}", counts.tolist().__repr__())
    return counts


def places(name: str, value: Any, batch: int) -> Tensor:
    """Places in a batch, counted from its end if they are negative: integers, shape (items,)."""
    index = _whole_numbers(name, "places in the batch", value)
    if index.ndim != 1:
        fail(name, "places in the batch, shape (items,)", index)
    if reads_values(index, None) and not holds(((index >= -batch) & (index < batch)).all()):
        fail(name, f"places below {batch}, the batch of the reference", repr(index.tolist()))
    return index


def device(name: str, value: object) -> torch.device:
    """A device by name or number, or itself."""
    expected = "a device such as 'cpu' or 'cuda:0'"
    if isinstance(value, bool) or not isinstance(value, (str, int, torch.device)):
        fail(name, expected, value, kind=TypeError)
    try:
        return torch.device(value)
    except (RuntimeError, ValueError) as error:
        fail(name, expected, repr(value), str(error).splitlines()[0])
