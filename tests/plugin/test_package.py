"""What the package offers by name, with and without SQLAlchemy."""

import subprocess
import sys


def test_capture_is_the_function_even_after_the_room_of_that_name_was_imported() -> None:
    import querysafe.capture.watch

    assert callable(querysafe.capture)
    with querysafe.capture() as captured:
        pass
    assert len(captured) == 0
    assert "capture" in dir(querysafe)


def test_ignore_needs_neither_sqlalchemy_nor_pytest() -> None:
    program = (
        "import sys, querysafe\n"
        "with querysafe.ignore(reason='two rows at most'): pass\n"
        "print(sorted({'sqlalchemy', 'pytest', '_pytest'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
