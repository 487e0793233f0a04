import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.growth.laws import fit


@pytest.mark.parametrize(
    ("points", "law"),
    [
        ([(2, 3), (3, 3)], "constant"),
        ([(2, 5), (3, 4)], "constant"),
        ([(2, 2), (3, 3)], "~N"),
        ([(2, 3), (3, 4)], "1 + N"),
        ([(2, 4), (3, 9)], "~N·M"),
        ([(1, 1), (3, 9)], "~N·M"),
        ([(2, 4), (3, 6)], "~N"),
    ],
)
def test_the_plainest_law_is_fitted(points: list[tuple[int, int]], law: str) -> None:
    assert str(fit(points)) == law


@given(st.integers(0, 50), st.integers(1, 20), st.integers(1, 9), st.integers(1, 9))
def test_a_line_is_recognised_whatever_its_constant(
    constant: int, slope: int, first: int, more: int
) -> None:
    points = [(n, constant + slope * n) for n in (first, first + more)]
    law = fit(points)
    assert (law.power, law.constant, law.slope) == (1, constant, slope)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_two_nested_loops_are_no_line(slope: int, first: int, more: int) -> None:
    assert fit([(n, slope * n * n) for n in (first, first + more)]).power == 2
