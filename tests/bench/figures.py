# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench's arithmetic: medians, ratios, the table of goals.

Used by measure on the host; knows nothing of how a figure was measured. A figure is a list of
values under a dotted name ("lac.forwarded.50.rate"), all from one boot; what is said of it is
its median. A figure that is missing is said to be missing: it is never taken for a goal that was met.
"""

import dataclasses
import statistics
import typing

EAGER_AT_ONCE = 50


def median(values):
    """The median of a figure's values; None when there are none."""
    return statistics.median(values) if values else None


def values(figures, name):
    return figures.get(name, {}).get("values", [])


def ratio(figures, over, under):
    """Median of one figure by the median of another; None when one is missing or the divisor is 0."""
    above, below = (median(values(figures, name)) for name in (over, under))
    return above / below if above is not None and below else None


@dataclasses.dataclass
class Goal:
    """One row: what it is called, what is computed, "<=" or ">=" the limit, printed with the unit.

    compute: figures -> (figure, the least and the most that it can be by single values), or None.
    """
    text: str
    compute: typing.Callable
    sense: str
    limit: float
    unit: str = ""

    def verdict(self, figures):
        """(figure or None, "met", "missed" or "not measured")"""
        found = self.compute(figures)
        if found is None:
            return None, "not measured"
        value = found[0]
        met = value <= self.limit if self.sense == "<=" else value >= self.limit
        return value, "met" if met else "missed"

    def spread(self, figures):
        """From where to where the figure is, in words; nothing when there is one value."""
        found = self.compute(figures)
        return f"{number(found[1])} - {number(found[2])}" if found and found[1] != found[2] else ""

    def limit_text(self):
        return f"{self.sense} {number(self.limit)}{self.unit}"


def by_ratio(over, under):
    """Of two figures' medians; its spread is that of the extremes."""
    def compute(figures):
        value, above, below = ratio(figures, over, under), values(figures, over), values(figures, under)
        return None if value is None else (value, min(above) / max(below), max(above) / min(below) if min(below) else value)
    return compute


def by_median(name):
    def compute(figures):
        found = values(figures, name)
        return (median(found), min(found), max(found)) if found else None
    return compute


def by_worst(name):
    """The largest value: for what may not happen even once."""
    def compute(figures):
        found = values(figures, name)
        return (max(found), min(found), max(found)) if found else None
    return compute


def hop_goals():
    return [Goal(f"LAC hop, {size} octets {way}, against the bridge by hand",
                 by_median(f"hop.vpdn_by_static.{size}.{way}"), ">=", 0.99)
            for size in (64, 1300) for way in ("up", "down")]


GOALS = hop_goals() + [
    Goal("LAC hop: context switches of our processes meanwhile", by_worst("hop.switches"), "<=", 0),
    Goal("forwarded call, tunnel standing, PADI to IPCP, by local login",
         by_ratio("one.forwarded.ipcp", "one.local.ipcp"), "<=", 1.5),
    Goal("held call, from vpdnd's answer until pppd acts on it: forwarded", by_median("one.answer.forwarded.acted"), "<=", 5, " ms"),
    Goal("held call, from vpdnd's answer until pppd acts on it: local", by_median("one.answer.local.acted"), "<=", 5, " ms"),
    Goal(f"eager clients, {EAGER_AT_ONCE} at once: LCP requests repeated by either side",
         by_worst(f"lac.eager.{EAGER_AT_ONCE}.lcp_repeated"), "<=", 0),
    Goal("CPU per forwarded call, LAC, all processes, by local login's",
         by_ratio("lac.forwarded.50.cpu", "lac.local.50.cpu"), "<=", 1.3),
    Goal("CPU per forwarded call by stock pppoe-server + pppd", by_ratio("lac.forwarded.10.cpu", "lac.stock.10.cpu"), "<=", 0.1),
    Goal("LNS CPU per call by stock xl2tpd + pppd", by_ratio("lns.ours.10.cpu", "lns.stock.10.cpu"), "<=", 0.08),
    Goal("LNS calls/s, 100 at once, by stock xl2tpd + pppd", by_ratio("lns.ours.100.rate", "lns.stock.100.rate"), ">=", 6),
    Goal("LNS calls up of 100 at once", by_median("lns.ours.100.up"), ">=", 100),
    Goal("private memory per LNS session", by_median("memory.lns.pppd.private"), "<=", 200, " kB"),
    Goal("user memory per forwarded session at the LAC", by_median("memory.lac.user"), "<=", 4, " kB"),
    Goal("processes of ours per forwarded session at the LAC", by_median("memory.lac.processes"), "<=", 0),
    Goal("cost per call at the LAC, 1000 sessions against 100", by_ratio("many.1000.cpu", "many.100.cpu"), "<=", 1.1),
]


def number(value):
    """A figure as people read it: three significant digits, no exponents."""
    if value is None:
        return "-"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 1:
        return f"{value:.2f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.5f}"


def columns(rows):
    """Rows of words as lines, the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def goals_table(figures):
    """Lines of the table of goals; the spread is of the single values."""
    rows = [("goal", "wanted", "figure", "spread", "")]
    for goal in GOALS:
        value, word = goal.verdict(figures)
        rows.append((goal.text, goal.limit_text(), number(value) + (goal.unit if value is not None else ""), goal.spread(figures), word))
    return columns(rows)


def figures_table(figures):
    """Lines of all figures: median, smallest, largest, how many values."""
    rows = [("figure", "unit", "median", "min", "max", "n")]
    for name, figure in figures.items():
        found = figure["values"]
        if found:
            rows.append((name, figure["unit"], number(median(found)), number(min(found)), number(max(found)), str(len(found))))
    return columns(rows)
