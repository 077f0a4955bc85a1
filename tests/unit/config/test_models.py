"""The models of what is ours say the same as the classes and creators themselves, and as the schema."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from id3c_data.config import check_eiger2_options, find_by_import, schema
from id3c_data.config._models import MODELS, PLUGIN_MODELS
from id3c_data.config._plugins import DETECTOR_PLUGINS, EIGER2_PLUGINS
from id3c_data.config._signal_name_checks import OWN_SIGNALS
from id3c_data.devices import Eiger2Detector
from id3c_data.devices._creator import _DEFAULT_PLUGINS, _OPHYDS, _OURS
from id3c_data.errors import ConfigError

CORPUS = Path(__file__).parent / "corpus"
RIGHT = sorted((CORPUS / "right").glob("*.yml"))
OURS = {path: model for path, model in {**MODELS, **PLUGIN_MODELS}.items() if path.startswith("id3c_data.")}
OF_PYTHON_ONLY = {"parent", "attr_name", "bases", "ad_setup"}  # a file has no objects to give


@pytest.mark.parametrize("path", OURS)
def test_model_has_the_arguments_that_its_class_takes(path: str) -> None:
    takes = find_by_import(path)
    names = set(takes.names)
    if takes.any_name:  # the creator hands on what it does not know
        names |= set(find_by_import("id3c_data.devices.Eiger2Detector").names)
    of_component = {"prefix", "name", "kind"}
    unneeded = OF_PYTHON_ONLY | (of_component if path in PLUGIN_MODELS else set())
    assert set(OURS[path].model_fields) == names - unneeded


@pytest.mark.parametrize("path", OURS)
def test_model_needs_what_its_class_needs(path: str) -> None:
    required = {name for name, field in OURS[path].model_fields.items() if field.is_required()}
    from_detector = {"prefix", "name"} if path in PLUGIN_MODELS else set()
    assert required | from_detector == {*find_by_import(path).required, "prefix"}


@pytest.mark.parametrize("model", {**MODELS, **PLUGIN_MODELS}.values(), ids=lambda model: model.__name__)
def test_every_argument_is_described(model: type[BaseModel]) -> None:
    assert model.__doc__
    assert all(field.description for field in model.model_fields.values())


def test_defaults_are_those_of_the_detector() -> None:
    parameters = inspect.signature(Eiger2Detector).parameters
    for name, field in MODELS["id3c_data.devices.Eiger2Detector"].model_fields.items():
        if name in parameters and not field.is_required():
            default = parameters[name].default
            assert field.default == (list(default) if isinstance(default, tuple) else default), name


def test_known_plugins_are_those_of_the_creator() -> None:
    assert set(EIGER2_PLUGINS) == {*_OURS, *_OPHYDS}
    assert set(DETECTOR_PLUGINS) == set(_DEFAULT_PLUGINS)
    assert set(DETECTOR_PLUGINS) <= set(Eiger2Detector._sig_attrs)


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.stem)
def test_right_file_fits_the_schema(file: Path) -> None:
    jsonschema.validate(yaml.safe_load(file.read_text()), schema())


@pytest.mark.parametrize(
    ("section", "device"),
    [
        ("id3c_data.devices.Eiger2Detector", {"name": "e"}),
        ("id3c_data.devices.Eiger2Detector", {"num_images": 0}),
        ("id3c_data.devices.Eiger2Detector", {"num_image": 1}),
        ("id3c_data.devices.eiger2_creator", {"name": "e", "plugins": [{"cam": {}, "image": {}}]}),
        ("ophyd.EpicsMotor", {"name": "1m"}),
        ("ophyd.EpicsMotor", {"name": "m1", "labels": "motors"}),
    ],
)
def test_schema_refuses_what_the_check_refuses(section: str, device: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({section: [device]}, schema())


def test_schema_explains_each_argument_in_an_editor() -> None:
    model = schema()["$defs"]["Eiger2Detector"]
    assert all(field["description"] for field in model["properties"].values())
    assert model["required"] == ["name", "prefix", "write_path_template", "read_path_template"]
    assert model["properties"]["writer"]["enum"] == ["dcu", "hdf5"]


@pytest.mark.parametrize(
    ("wrong", "code", "what"),
    [
        ({"writer": "tiff"}, "E207", "writer: 'tiff' is not known"),
        ({"num_images": True}, "E207", "num_images: True is no count"),
        ({"timeout": float("nan")}, "E207", "timeout: nan is no time"),
        ({"hinted": "stats1.total"}, "E207", "hinted: 'stats1.total' is no list of names"),
        ({"file_prefix": "a/b"}, "E210", "file_prefix: 'a/b' cannot start a file name"),
        ({"name": "_eiger"}, "E210", "name: '_eiger' cannot start a file name"),
        ({"name": "a-b"}, "E203", "'a-b' cannot be a device's name"),
        ({"prefix": "x y:"}, "E209", "prefix: 'x y:' holds ' ', which no PV's name can"),
        ({"prefix": "x"}, "E211", "prefix: 'x' does not end in a colon"),
        ({"num_image": 1}, "E205", "Eiger2Detector takes no 'num_image'"),
    ],
)
def test_option_is_refused_with_code_and_words(wrong: dict[str, Any], code: str, what: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_eiger2_options("eiger2", **wrong)
    assert (raised.value.where, raised.value.code, raised.value.what) == ("eiger2", code, what)
    assert raised.value.next_step


def test_right_options_are_not_refused() -> None:
    check_eiger2_options()
    check_eiger2_options(name="eiger2", prefix="XF:{Det:E}", timeout=3, num_images=1, writer="hdf5")


def test_own_signals_of_an_eiger2_are_known() -> None:
    assert {*OWN_SIGNALS} == {*find_by_import("id3c_data.devices.Eiger2Base").signals}


def test_classes_of_plugins_are_those_of_the_creator() -> None:
    known = {name: path.rpartition(".")[2] for name, path in EIGER2_PLUGINS.items()}
    assert known == {name: cls.__name__ for name, (_, cls) in {**_OURS, **_OPHYDS}.items()}


def test_base_of_a_class_elsewhere_is_this_package_s() -> None:
    assert find_by_import("id3c_data.devices.Eiger2Detector").base == "id3c_data.devices.Eiger2Detector"
    assert find_by_import("ophyd.EpicsMotor").base == ""
