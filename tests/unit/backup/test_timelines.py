"""Timelines and the history files that tell of them."""

import pytest

from querysafe.backup.wal.timelines import Stretch, descends, latest, path_to, read_history


def test_a_history_is_read_and_gives_the_path() -> None:
    history = read_history("1\t0/3000000\tno recovery target\n\n# x\n2\t0/5000000\tbefore\n")
    assert history == ((1, 0x3000000), (2, 0x5000000))
    path = path_to(3, {3: history})
    assert path == [
        Stretch(1, 0, 0x3000000),
        Stretch(2, 0x3000000, 0x5000000),
        Stretch(3, 0x5000000, None),
    ]
    assert descends(path, 1, 0x3000000)
    assert not descends(path, 1, 0x3000001)


def test_the_latest_timeline_goes_through_the_position() -> None:
    histories = {2: ((1, 100),), 3: ((1, 50),)}
    assert latest(histories, 1, 40) == 3
    assert latest(histories, 1, 80) == 2
    assert latest(histories, 1, 200) == 1


@pytest.mark.parametrize("text", ["1", "x\t0/1", "1\tnowhere"])
def test_a_line_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_history(text)
