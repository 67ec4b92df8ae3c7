# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench's own arithmetic: what is a median, a ratio, a goal that is met. Needs no lab."""

import figures


def given(**values):
    return {name.replace("_", "."): {"unit": "", "values": v} for name, v in values.items()}


def test_median_of_even_and_odd():
    assert figures.median([3, 1, 2]) == 2
    assert figures.median([4, 1, 2, 3]) == 2.5
    assert figures.median([]) is None and figures.median(None) is None


def test_ratio_is_of_medians_and_never_divides_by_nothing():
    f = given(a=[10, 30, 20], b=[4, 4, 400], zero=[0])
    assert figures.ratio(f, "a", "b") == 5
    assert figures.ratio(f, "a", "zero") is None
    assert figures.ratio(f, "a", "missing") is None
    assert figures.ratio(f, "missing", "b") is None


def test_a_goal_is_met_missed_or_not_measured():
    at_most = figures.Goal("x", figures.by_median("a"), "<=", 2)
    at_least = figures.Goal("x", figures.by_median("a"), ">=", 2)
    assert at_most.verdict(given(a=[2])) == (2, "met")
    assert at_most.verdict(given(a=[2.01]))[1] == "missed"
    assert at_least.verdict(given(a=[2])) == (2, "met")
    assert at_least.verdict(given(a=[1.99]))[1] == "missed"
    assert at_least.verdict({}) == (None, "not measured")


def test_zero_is_a_figure_and_not_a_missing_one():
    assert figures.Goal("x", figures.by_median("a"), "<=", 0).verdict(given(a=[0, 0, 0])) == (0, "met")


def test_what_may_not_happen_even_once():
    never = figures.Goal("x", figures.by_worst("a"), "<=", 0)
    assert never.verdict(given(a=[0, 0, 1])) == (1, "missed")
    assert never.verdict(given(a=[0, 0])) == (0, "met")
    assert never.verdict({})[1] == "not measured"


def test_spread_is_of_the_single_values():
    assert figures.Goal("x", figures.by_median("a"), ">=", 1).spread(given(a=[1.002, 0.998, 1.0])) == "0.998 - 1.00"
    by = figures.Goal("x", figures.by_ratio("a", "b"), "<=", 1)
    assert by.verdict(given(a=[10, 20, 30], b=[4, 5, 8]))[0] == 4
    assert by.spread(given(a=[10, 20, 30], b=[4, 5, 8])) == "1.25 - 7.50"
    assert by.spread(given(a=[10], b=[4])) == by.spread({}) == ""


def test_every_goal_says_so_when_nothing_was_measured():
    lines = figures.goals_table({})
    assert len(lines) == len(figures.GOALS) + 1
    assert all("not measured" in line for line in lines[1:])


def test_numbers_for_people():
    assert [figures.number(v) for v in (None, 0, 3.0, 0.98765, 0.01234, 12.345, 123.9, 0.00012)] == \
        ["-", "0", "3", "0.988", "0.0123", "12.3", "124", "0.00012"]


def test_table_has_median_least_and_most():
    head, row = figures.figures_table({"hop.ip": {"unit": "kpps", "values": [3, 1, 2]}})
    assert head.split() == ["figure", "unit", "median", "min", "max", "n"]
    assert row.split() == ["hop.ip", "kpps", "2", "1", "3", "3"]
