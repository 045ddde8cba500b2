"""PDFs that tests write, line by line, from the top of an A4 page."""

import io

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

LEFT = 20 * mm
WIDTH = 170 * mm
ROW = 20


class Paper:
    def __init__(self, running="", *, numbered=False, password=None):
        self._file = io.BytesIO()
        encryption = StandardEncryption(password, "owner") if password else None
        self.canvas = Canvas(self._file, pagesize=A4, encrypt=encryption)
        self._running, self._numbered, self._page = running, numbered, 0
        self.add_page()

    def add_page(self):
        if self._page:
            self.canvas.showPage()
        self._page += 1
        self.font()
        if self._running:
            self.canvas.drawString(LEFT, A4[1] - 12 * mm, self._running)
        if self._numbered:
            self.canvas.drawString(100 * mm, 10 * mm, f"Page {self._page} of 9")
        self.y = A4[1] - 30 * mm

    def font(self, *, bold=False, size=11):
        self._name, self._size = "Helvetica-Bold" if bold else "Helvetica", size
        self.canvas.setFont(self._name, size)

    def down(self, from_top_mm):
        self.y = A4[1] - from_top_mm * mm

    def lines(self, *lines, x=LEFT):
        for line in lines:
            self.canvas.drawString(x, self.y, line)
            self.y -= 1.3 * self._size

    def text_block(self, text):
        self.lines(*simpleSplit(text, self._name, self._size, WIDTH))
        self.y -= 8

    def heading(self, text, size=16):
        self.y -= 6
        self.font(bold=True, size=size)
        self.lines(*text.split("\n"))
        self.font()
        self.y -= 4

    def rows(self, *rows):
        top, width = self.y + 14, 50 * mm
        xs = [LEFT + width * column for column in range(len(rows[0]) + 1)]
        ys = [top - ROW * row for row in range(len(rows) + 1)]
        self.canvas.grid(xs, ys)
        for row, texts in enumerate(rows):
            for x, text in zip(xs, texts, strict=False):
                self.canvas.drawString(x + 4, top - ROW * row - 14, text)
        self.y = ys[-1] - 20

    def output(self):
        self.canvas.save()
        return self._file.getvalue()
