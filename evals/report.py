"""A run as a page to read: tables of all metrics, and plots."""

import html
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from evals.metrics import BINS, Metric, leading
from evals.outcomes import Pair, groups_of
from evals.results import RunCard
from services.triage.levels import MOST_URGENT_FIRST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DEPTH: Final = 20
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;"
    "text-align:left}td:nth-child(n+2){font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}"
)


def write_report(folder: Path, card: RunCard, pairs: Sequence[Pair], measured: Sequence[Metric]) -> None:
    """Write `report.md` and `report.html` beside the results."""
    tables = _tables(measured)
    (folder / "report.md").write_text(_markdown(card, tables), encoding="utf-8")
    (folder / "report.html").write_text(_html(card, tables, plots(pairs)), encoding="utf-8")


def write_undecided(folder: Path, pairs: Sequence[Pair]) -> None:
    """Write `undecided.jsonl`, for a person: diagnoses of which nothing here says whether they are right."""
    rows = [
        {"id": pair.asked.id, "right": sorted(pair.asked.right)}
        | one.model_dump(include={"condition_id", "name", "icd10"})
        for pair in pairs
        for one in pair.undecided
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "undecided.jsonl").write_text(lines, encoding="utf-8")


def plots(pairs: Sequence[Pair]) -> dict[str, str]:
    """Plots by title, as SVG; of all vignettes that are no twins."""
    base = groups_of(pairs).get("all", [])
    made: dict[str, Callable[[Axes, Sequence[Pair]], None]] = {
        "Reliability: how often the leading diagnosis is right, by its probability": _reliability,
        "Risk and coverage: errors among the answers of highest probability": _risk_coverage,
        "Triage: gold level (rows) and answer (columns)": _confusion,
        "Retrieval: share of right guidelines among the first k": _recall,
        "Seconds to an answer": _latency,
    }
    return {title: _svg(draw, base) for title, draw in made.items() if base}


def _tables(measured: Sequence[Metric]) -> dict[str, list[Metric]]:
    groups: dict[str, list[Metric]] = {}
    for metric in measured:
        groups.setdefault(metric.group, []).append(metric)
    return groups


def _markdown(card: RunCard, tables: dict[str, list[Metric]]) -> str:
    lines = ["# Evaluation run", "", *(f"- {name}: {value}" for name, value in card.model_dump().items())]
    for group, metrics in tables.items():
        lines += ["", f"## {group}", "", "| metric | value | 95 % | n |", "|---|---|---|---|"]
        lines += [f"| {m.name} | {m.value:.3f} | {m.low:.3f} to {m.high:.3f} | {m.n} |" for m in metrics]
    return "\n".join(lines) + "\n"


def _html(card: RunCard, tables: dict[str, list[Metric]], drawn: dict[str, str]) -> str:
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Evaluation run</title><style>{_STYLE}</style><h1>Evaluation run</h1><table>",
        *(f"<tr><th>{html.escape(k)}<td>{html.escape(str(v))}" for k, v in card.model_dump().items()),
        "</table>",
        *(f"<h2>{html.escape(title)}</h2>{svg}" for title, svg in drawn.items()),
    ]
    for group, metrics in tables.items():
        parts.append(f"<h2>{html.escape(group)}</h2><table><tr><th>metric<th>value<th>95 %<th>n")
        parts += [
            f"<tr><td>{html.escape(m.name)}<td>{m.value:.3f}<td>{m.low:.3f} to {m.high:.3f}<td>{m.n}" for m in metrics
        ]
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def _svg(draw: "Callable[[Axes, Sequence[Pair]], None]", pairs: Sequence[Pair]) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.subplots(), pairs)
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    made = written.getvalue()
    return made[made.index("<svg") :]


def _reliability(axes: "Axes", pairs: Sequence[Pair]) -> None:
    right, chance = leading(pairs)
    order = np.argsort(chance, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    axes.plot([0, 1], [0, 1], linestyle=":", color="gray")
    axes.plot([chance[part].mean() for part in bins], [right[part].mean() for part in bins], marker="o")
    axes.set(xlabel="probability", ylabel="right", xlim=(0, 1), ylim=(0, 1.02))


def _risk_coverage(axes: "Axes", pairs: Sequence[Pair]) -> None:
    right, chance = leading(pairs)
    order = np.argsort(-chance, kind="stable")
    counts = np.arange(1, len(order) + 1)
    axes.plot(counts / max(len(pairs), 1), 1 - np.cumsum(right[order]) / counts)
    axes.set(xlabel="share of questions answered", ylabel="leading diagnosis wrong", xlim=(0, 1), ylim=(0, 1))


def _confusion(axes: "Axes", pairs: Sequence[Pair]) -> None:
    names = [level.value.replace("_", " ") for level in MOST_URGENT_FIRST]
    counts = np.zeros((len(names), len(names)), dtype=int)
    for pair in pairs:
        counts[MOST_URGENT_FIRST.index(pair.asked.triage), MOST_URGENT_FIRST.index(pair.got.level)] += 1
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column, row, str(count), ha="center", va="center", color="white" if count > counts.max() / 2 else "black"
        )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)


def _recall(axes: "Axes", pairs: Sequence[Pair]) -> None:
    asked = [pair for pair in pairs if pair.is_answerable]
    depths = range(1, _DEPTH + 1)
    axes.plot(depths, [np.mean([pair.asked.condition in pair.got.retrieved[:k] for pair in asked]) for k in depths])
    axes.set(xlabel="k", ylabel="recall", ylim=(0, 1.02), xlim=(1, _DEPTH))


def _latency(axes: "Axes", pairs: Sequence[Pair]) -> None:
    axes.hist([pair.got.seconds for pair in pairs], bins=30)
    axes.set(xlabel="seconds", ylabel="answers")
