"""The report: one page, without network, on which two recordings are seen and heard.

It needs Jinja2 and Matplotlib: `pip install "sot-loss[report]"`.
"""

from sot.report.analysis import Analysis, analyse
from sot.report.overview import Entry, overview_page
from sot.report.page import Subject, pair_page

__all__ = ["Analysis", "Entry", "Subject", "analyse", "overview_page", "pair_page"]
