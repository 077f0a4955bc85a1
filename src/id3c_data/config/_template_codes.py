"""What the reference says about each rule of path templates; `id3c_data.paths` has the rules themselves."""

from __future__ import annotations

from ._checks import Code

__all__ = ["TEMPLATE_CODES"]

_RIGHT = ('"/detector/data/%Y/%m/"', '"/data/eiger2/%Y/%m/"')


def _device(write: str, read: str, *more: str) -> str:
    lines = [
        "id3c_data.devices.Eiger2Detector:",
        "  - name: eiger2",
        '    prefix: "dp_eiger_sn:"',
        f"    write_path_template: {write}",
        f"    read_path_template: {read}",
        *(f"    {line}" for line in more),
    ]
    return "\n".join(lines) + "\n"


def _code(code: str, rule: str, why: str, wrong: tuple[str, ...], right: tuple[str, ...] = _RIGHT) -> Code:
    return Code(code, rule, why, _device(*wrong), _device(*right))


TEMPLATE_CODES: tuple[Code, ...] = (
    _code(
        "E302",
        "a template is text, and names a folder",
        "Without a folder the IOC writes nothing, or where its process was started.",
        ('""', '"/data/eiger2/"'),
        ('"/detector/data/"', '"/data/eiger2/"'),
    ),
    _code(
        "E303",
        "path semantics are posix or windows",
        "They say which separator the IOC's system has, and so what it takes as a folder.",
        (*_RIGHT, "path_semantics: unix"),
        (*_RIGHT, "path_semantics: posix"),
    ),
    _code(
        "E304",
        "no placeholder is left: FIXME, TODO, path/to, <...>",
        "The IOC waits for a folder that was never meant to be there.",
        ('"/path/to/ioc/data/%Y/"', '"/data/eiger2/%Y/"'),
    ),
    _code(
        "E305",
        "a template has printable ASCII characters only",
        "The IOC's records hold bytes. What stands for another character there depends on its system.",
        ('"/detector/\u00b5XRD/%Y/"', '"/data/uXRD/%Y/"'),
    ),
    _code(
        "E306",
        "no macro or variable stands in a template: $(NAME), $NAME, ~",
        "Nobody expands it: the IOC looks for a folder of that name.",
        ('"$(DATA)/%Y/"', '"/data/eiger2/%Y/"'),
    ),
    _code(
        "E307",
        "separators are those of the side's system",
        "With another one a folder never matches what the IOC reads back, and staging ends in a timeout.",
        (r"'\detector\data\%Y\'", '"/data/eiger2/%Y/"'),
        (r"'D:\detector\data\%Y\'", '"/data/eiger2/%Y/"', "path_semantics: windows"),
    ),
    _code(
        "E308",
        "a POSIX side has no drive letter",
        "Either the IOC runs on Windows, which `path_semantics` has to say, or the sides were confused.",
        (r"'D:\detector\data\%Y\'", '"/data/eiger2/%Y/"'),
        (r"'D:\detector\data\%Y\'", '"/data/eiger2/%Y/"', "path_semantics: windows"),
    ),
    _code(
        "E309",
        "no `..` leads upwards",
        "Where `link/..` leads, only the disk knows; the two sides may have different links.",
        ('"/detector/tmp/../data/%Y/"', '"/data/eiger2/%Y/"'),
    ),
    _code(
        "E310",
        "each component is a name that the system can have, without spaces at its ends",
        "Windows refuses some characters and drops others; a space at an end is nearly always an accident.",
        ('"/detector/data /%Y/"', '"/data/eiger2/%Y/"'),
    ),
    _code(
        "E311",
        "directives are those of strftime that fit a folder's name",
        "An unknown one stays on one system and vanishes on another; %c and its like hold separators.",
        ('"/detector/data/%Q/"', '"/data/eiger2/%Q/"'),
    ),
    _code(
        "E312",
        "no `%` is left once the template is filled in",
        "The driver's own template of file names would eat it.",
        ('"/detector/100%%/"', '"/data/100%%/"'),
        ('"/detector/100/"', '"/data/100/"'),
    ),
    _code(
        "E313",
        "templates are absolute, or `write_root` says where the write side starts",
        "Only the IOC's process knows the folder that a relative path starts from.",
        ('"s3ida/XRD/%Y/"', '"/data/XRD/%Y/"'),
        ('"XRD/%Y/"', '"/data/XRD/%Y/"', 'write_root: "/s3ida/"'),
    ),
    _code(
        "E314",
        "an absolute write template beside `write_root` is below it",
        "One of the two is wrong.",
        ('"/scratch/XRD/%Y/"', '"/data/XRD/%Y/"', 'write_root: "/s3ida/"'),
        ('"/s3ida/XRD/%Y/"', '"/data/XRD/%Y/"', 'write_root: "/s3ida/"'),
    ),
    _code(
        "E315",
        "the fixed part of a template is more than `/`",
        "Paths are translated from fixed part to fixed part, and everything on the disk is below `/`.",
        ('"/%Y/"', '"/data/%Y/"'),
        ('"/detector/%Y/"', '"/data/%Y/"'),
    ),
    _code(
        "E316",
        "from the first directive on, both sides go on alike",
        "Both name one folder: filled in for one moment, they must end in the same sub-folders.",
        ('"/detector/data/%Y/%m/"', '"/data/eiger2/%Y-%m/"'),
    ),
    _code(
        "E317",
        "filled in, the write side leaves the file's name its room",
        "The IOC keeps 255 characters of a path and cuts the rest off silently.",
        (f'"/detector/{"d" * 200}/"', f'"/data/{"d" * 200}/"'),
        ('"/detector/d/"', '"/data/d/"'),
    ),
    _code(
        "E318",
        "write and read side have their own places",
        "`write_path_template` is what the IOC sees, `read_path_template` the same folder as readers see it.",
        ('"/data/eiger2/%Y/"', r"'D:\detector\data\%Y\'", "path_semantics: windows"),
        (r"'D:\detector\data\%Y\'", '"/data/eiger2/%Y/"', "path_semantics: windows"),
    ),
    _code(
        "W301",
        "a template ends in its separator",
        "This package adds it where it is missing. An IOC always reads back a path that ends in one, so with "
        "other device classes a put of the folder never matches its readback, and staging ends in a timeout.",
        ('"/detector/data/%Y/%m"', '"/data/eiger2/%Y/%m/"'),
    ),
    _code(
        "W302",
        "no template is in a folder for temporary files",
        "Systems empty such folders at boot, or after some days.",
        ('"/tmp/eiger2/%Y/"', '"/data/eiger2/%Y/"'),
    ),
    _code(
        "W305",
        "`%M`, the minute, stands beside an hour, and `%m`, the month, in no time of day",
        "With `%Y/%M/%d` a day's files are spread over sixty folders, and those of several months share one.",
        ('"/detector/data/%Y/%M/%d/"', '"/data/eiger2/%Y/%M/%d/"'),
        ('"/detector/data/%Y/%m/%d/%H%M/"', '"/data/eiger2/%Y/%m/%d/%H%M/"'),
    ),
)
