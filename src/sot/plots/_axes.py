"""What the figures share: axes, colours that the colour-blind can tell apart, saving."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sot._extras import require
from sot._files import check_destination, replaced_when_done

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito's palette, without its yellow, which is too faint for lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: Line styles in turn, so that a line that covers another lets it be seen.
STYLES = ("-", "--", "-.")


def axes_or_new(ax: Axes | None) -> Axes:
    """The given axes, or those of a new figure that no window will show by itself."""
    if ax is not None:
        return ax
    return new_figure().subplots()


def figure_or_new(figure: Figure | None, width: float, height: float) -> Figure:
    """The given figure, or a new one of that size in inches."""
    return new_figure(width, height) if figure is None else figure


def new_figure(width: float = 7.0, height: float = 4.0, **settings: Any) -> Figure:
    """A figure outside of pyplot's list, so that nothing has to close it."""
    figure: Figure = require("matplotlib.figure", "plot").Figure(
        figsize=(width, height), layout="constrained", **settings
    )
    return figure


def check_picture(path: str | Path) -> Path:
    """Tell, before long work, that a picture cannot be written there.

    Raises:
        OSError: the folder does not exist, or the path is a folder.
        ValueError: Matplotlib does not know the ending.
    """
    path = Path(path)
    known = require("matplotlib.backend_bases", "plot").FigureCanvasBase.filetypes
    if path.suffix.lstrip(".").lower() not in known:
        raise ValueError(f"{path}: expected an ending of {', '.join(sorted(known))}")
    check_destination(path)
    return path


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure in the format of its ending; a file of that name is replaced when done.

    Raises:
        OSError: the folder does not exist or cannot be written to, or the format needs a program
            that is not there, as pgf needs LaTeX.
        ValueError: Matplotlib does not know the ending.
    """
    path = check_picture(path)
    with replaced_when_done(path) as beside:
        try:
            figure.savefig(beside, dpi=150)
        except RuntimeError as error:
            raise OSError(f"{path}: cannot be written ({error})") from error
