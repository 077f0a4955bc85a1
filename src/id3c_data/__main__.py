"""``python -m id3c_data`` is the command ``id3c-data``."""

from id3c_data.cli import main

main(prog_name="id3c-data")
