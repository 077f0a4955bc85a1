"""What the reference says about the codes of ``--live``; the checks themselves are in `id3c_data.doctor`.

The examples are for the simulated detector as configs/devices.yml has it: prefix ``sim_eiger:``, one folder
that the IOC sees as /detector/data and readers as /data/eiger2.
"""

from __future__ import annotations

from ._checks import Code, Example

__all__ = ["LIVE_CODES"]

_RIGHT = """\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "sim_eiger:"
    write_path_template: "/detector/data/%Y/"
    read_path_template: "/data/eiger2/%Y/"
"""


def _live(code: str, rule: str, why: str, wrong: Example) -> Code:
    return Code(code, rule, why, wrong, _RIGHT, live=True)


def _changed(old: str, new: str) -> str:
    return _RIGHT.replace(old, new)


LIVE_CODES = (
    _live(
        "E501",
        "every PV answers that a session connects when it makes a device",
        "A device with a PV that nobody serves does not connect: the prefix is wrong, the IOC is not "
        "there, the network does not lead to it, or its driver is another one. What ophyd connects only "
        "when it is used, such as most signals of an area detector's plugins, is not asked for. With "
        "`--no-import` only the PVs that the other checks need are looked for.",
        _changed("sim_eiger:", "sim_eigr:"),
    ),
    _live(
        "W502",
        "the detector's driver is of a version that this package was tried with",
        "ADEiger before 3.5 has other records and other states.",
        {},
    ),
    _live(
        "E503",
        "the IOC has the folder that it is to write to",
        "With `FilePath` on a folder that is not there an Eiger2 takes no frame, and says so nowhere that "
        "a plain scan would look. Asked for is the static beginning of the write template.",
        _changed("/detector/data", "/detector/dta"),
    ),
    _live(
        "E504",
        "the folder that files are read from is there, on this machine, and can be listed",
        "Where readers do not see the files, no image is ever read. Looked at is the static beginning of "
        "the read template, within a few seconds: a file server that is gone never answers.",
        _changed("/data/eiger2", "/data/eigr2"),
    ),
    _live(
        "E505",
        "write side and read side of a pair of templates are the same place",
        "The IOC would write where nobody looks. A folder with a name that nobody had before is made on "
        "the read side for a moment, and the IOC is asked whether it has it. Where none can be made, the "
        "names of those that are there are compared, which can prove a difference only.",
        {"devices.yml": _changed("/data/eiger2", "/data/other")},
    ),
    _live(
        "W506",
        "that write side and read side are the same place could be proven",
        "The IOC is not asked while it acquires, or where it may not be written to; and where no folder "
        "can be made on the read side, nothing is proven either. Then it is not known.",
        {},
    ),
    _live(
        "W507",
        "the disk that files are read from has room",
        "Below the room for 10 000 uncompressed frames a long series may end in the middle.",
        {},
    ),
    _live(
        "W508",
        "the IOC's clock agrees with this machine's",
        "The folder of a run is named by this machine's clock and its events are stamped by the IOC's: "
        "they differ by a day around midnight, and times of frames and motors do not match.",
        {},
    ),
    _live(
        "E509",
        "the Tiled server that the files name answers, and lets this user in",
        "Without it runs have no catalog. It is the one of `TILED_PROFILE_NAME` in iconfig.yml, or else "
        "the one of tiled.yml; or of `ID3C_DATA_CATALOG_URI` where neither is there.",
        {"devices.yml": _RIGHT, "iconfig.yml": "TILED_PROFILE_NAME: no_such_profile\n"},
    ),
    _live(
        "E510",
        "the Tiled server can read what is in the folder that files are read from",
        "A small master is written there for a moment, registered under a name of its own, read through "
        "the server, and taken away again.",
        {},
    ),
    _live(
        "W511",
        "that the Tiled server can read the files could be proven",
        "Where no file can be written on the read side, or this user may not write to the catalog, it is "
        "not known.",
        {},
    ),
    _live(
        "E512",
        "the IOC has its settings back, and took no frame while it was asked",
        "To ask for a folder, `FilePath` and `CreateDirectory` are changed for a moment. An acquisition "
        "that begins just then may have written somewhere else.",
        {},
    ),
)
"""In their order."""
