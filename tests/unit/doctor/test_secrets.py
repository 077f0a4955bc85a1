"""Nothing that looks like a secret, or is known to be one, comes out."""

from __future__ import annotations

import pytest
import yaml

from id3c_data.doctor import Fault, HopResult
from id3c_data.doctor._secrets import STRUCK, Striker, is_secret_name, secrets_of_yaml

PLANTED = "pL4nted-5ecret"


@pytest.mark.parametrize(
    "text",
    [
        f"http://host:8000/api/v1?api_key={PLANTED}",
        f"http://host:8000/api/v1?a=1&api_key={PLANTED}&b=2",
        f"postgresql://user:{PLANTED}@host/db",
        f"postgresql+asyncpg://{PLANTED}@host/db",
        f"Authorization: Apikey {PLANTED}",
        f"Authorization: Bearer {PLANTED}",
        f"single_user_api_key: {PLANTED}",
        f'"single_user_api_key": "{PLANTED} with spaces"',
        f"secret: '{PLANTED}'",
        f"TILED_API_KEY={PLANTED}",
        f"db_password = {PLANTED}",
        f"refresh_token: {PLANTED}",
        f"eyJhbGciOiJIUzI1NiJ9.{PLANTED}.abc",
    ],
)
def test_secret_is_struck_out_of_a_text(text: str) -> None:
    struck = Striker().text(text)
    assert PLANTED not in struck
    assert STRUCK in struck


def test_secrets_of_a_file_are_known_however_they_are_written() -> None:
    text = f"""
authentication:
  secret_keys:
    - {PLANTED}-1
    - {{old: "{PLANTED}-2"}}
  providers: [{{args: {{client_secret: '{PLANTED}-3'}}}}]
  access_token_max_age: 3600
  other: kept
"""
    assert set(secrets_of_yaml(text)) == {f"{PLANTED}-{number}" for number in (1, 2, 3)}


def test_file_that_is_no_yaml_has_no_secrets_that_could_be_known() -> None:
    with pytest.raises(yaml.YAMLError):
        list(secrets_of_yaml("a: [1,"))


def test_known_secret_is_struck_out_wherever_it_stands() -> None:
    assert Striker([PLANTED]).text(f"the server said x{PLANTED}y") == f"the server said x{STRUCK}y"


def test_secrets_of_the_environment_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", PLANTED)
    monkeypatch.setenv("https_proxy", "http://me:in-a-proxy@proxy:3128")
    assert Striker().text(f"{PLANTED} and in-a-proxy") == f"{STRUCK} and {STRUCK}"


def test_values_under_names_of_secrets_are_struck_out_at_any_depth() -> None:
    value = {"a": [{"api_key": PLANTED, "shape": [1, 2]}], "n": 3, "uri": f"http://u:{PLANTED}@h/"}
    struck = Striker().value(value)
    assert struck["a"] == [{"api_key": STRUCK, "shape": [1, 2]}]
    assert (struck["n"], PLANTED in str(struck)) == (3, False)


def test_result_of_a_hop_is_told_without_secrets() -> None:
    fault = Fault(f"api_key={PLANTED}", f"try ?api_key={PLANTED}", f"http://x:{PLANTED}@h")
    result = HopResult(
        "catalog entry", "failed", (f"token: {PLANTED}",), (fault,), {"uri": f"?token={PLANTED}"}
    )
    assert PLANTED not in repr(Striker().result(result))


@pytest.mark.parametrize(
    "text", ["--data-key eiger2_image", "no key of that name", "monkey: 3", "(5, 32, 48)"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Striker().text(text) == text


def test_names_of_secrets_are_told_from_others() -> None:
    assert all(map(is_secret_name, ["TILED_API_KEY", "password", "client_secret", "AWS_SESSION_TOKEN"]))
    assert not any(map(is_secret_name, ["EPICS_CA_ADDR_LIST", "data_key", "HOME"]))
