"""``python -m querysafe`` is the command ``querysafe``."""

from querysafe.cli import main

if __name__ == "__main__":
    main(prog_name="querysafe")
