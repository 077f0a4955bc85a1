"""``id3c-data info`` names versions, the decoder in use, and its speed."""

import re
import sys

import pytest
from click.testing import CliRunner

from id3c_data.cli import main
from id3c_data.h5api import DECODER_VARIABLE, decoder_in_use


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    monkeypatch.setattr("id3c_data.images._speed._LONG_ENOUGH_S", 0)
    decoder_in_use.cache_clear()
    yield
    decoder_in_use.cache_clear()


def test_it_names_the_decoder_in_use_and_its_speed(monkeypatch):
    monkeypatch.setenv(DECODER_VARIABLE, "imagecodecs")
    said = CliRunner().invoke(main, ["info"]).output
    assert re.search(r"decoded by imagecodecs \d[\d.]*, in \d+ threads", said)
    assert re.search(r"^imagecodecs +\d+ +\d+$", said, re.MULTILINE)


def test_it_says_how_to_get_the_fast_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "dectris.compression", None)
    said = CliRunner().invoke(main, ["info"]).output
    assert 'pip install "id3c-data[fast]"' in said
