"""Readers that do to their process what a hostile file may do; the file's text says what."""

import ctypes
import importlib
import os
import sys
import time

from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.reader import Reading, Section
from services.core.errors import DocumentError


def _grow():
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def _refuse():
    raise DocumentError("is refused", kind="encrypted")


def _modules():
    """All that the real readers load, too."""
    importlib.import_module("ingestion.parsing")
    MarkdownReader().read(b"# Cough\n\nRest.")
    HtmlReader().read(b"<p>Rest.")
    for name in ("docx", "pdfplumber", "pypdfium2"):
        importlib.import_module(name)
    return " ".join(sorted({name.split(".")[0] for name in sys.modules}))


def _recurse():
    _recurse()


_HARM = {
    "hang": lambda: time.sleep(600),
    "spin": lambda: sum(1 for _ in iter(int, 1)),
    "fault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "exit-0": lambda: os._exit(0),
    "fill-300": lambda: str(len(bytearray(300 << 20))),
    "fill-4000": lambda: str(len(bytearray(4000 << 20))),
    "grow": _grow,
    "write": lambda: "a" * 10_000_001,
    "recurse": _recurse,
    "refuse": _refuse,
    "modules": _modules,
    "process": lambda: str(os.getpid()),
}


class HarmfulReader:
    suffixes = frozenset({".txt"})

    def read(self, content):
        word = content.decode()
        text = _HARM[word]() if word in _HARM else word
        return Reading((Section((), text, ()),))


READERS = (HarmfulReader(),)
