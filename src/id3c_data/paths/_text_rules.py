"""The rules that one template must keep, whatever the other one says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ._lexical import PathSemantics, is_name
from ._problem import Field, TemplateProblem, quoted
from ._split import split

__all__ = ["starts_unclearly", "text_problems"]

# Of Python's strftime: without the ones that bring separators, colons or time zones into a file name.
_DIRECTIVES = frozenset("YymdHIMSfjUWwuVGbBaAp")

_PLACEHOLDER = re.compile(
    r"(?i:FIXME|CHANGE_?ME)|\bTODO\b|(?<![^/\\])(?i:todo|path[/\\]+to)(?![^/\\])|<[^<>]*>"
)
_MACRO = re.compile(r"\$[({][^)}]*[)}]?|\$\w+|\{[^{}]*\}|^~")


class _Template(NamedTuple):
    field: Field
    text: str
    semantics: PathSemantics

    def problem(self, code: str, what: str, next_step: str) -> TemplateProblem:
        return TemplateProblem(self.field, code, what, next_step)


def text_problems(field: Field, text: object, semantics: PathSemantics) -> Iterator[TemplateProblem]:
    """Yield what is wrong with one template by itself."""
    if not isinstance(text, str):
        yield TemplateProblem(field, "E302", f"{text!r} is not text", "write the path in quotes")
    elif not text.strip():
        yield TemplateProblem(field, "E302", "is empty", "write the folder, as an absolute path")
    else:
        template = _Template(field, text, semantics)
        for rule in _RULES:
            yield from rule(template)


def _placeholder(template: _Template) -> Iterator[TemplateProblem]:
    if match := _PLACEHOLDER.search(template.text):
        yield template.problem(
            "E304",
            f"{quoted(match[0])} is a placeholder",
            "write the real folder: where the IOC writes, or where readers have that folder mounted",
        )


def _characters(template: _Template) -> Iterator[TemplateProblem]:
    if odd := sorted({c for c in template.text if not " " <= c <= "~"}):
        yield template.problem(
            "E305",
            f"{quoted(template.text)} holds {', '.join(quoted(c) for c in odd)}",
            "use printable ASCII characters only: the IOC's records hold bytes",
        )


def _macro(template: _Template) -> Iterator[TemplateProblem]:
    if match := _MACRO.search(template.text):
        yield template.problem(
            "E306",
            f"{quoted(match[0])} in {quoted(template.text)} is expanded by nobody",
            "write the folder that it stands for",
        )


def _separators(template: _Template) -> Iterator[TemplateProblem]:
    if template.semantics == "windows":
        yield from _forward_slashes(template)
    elif _drive_letter(template):
        yield from _drive(template)
    elif "\\" in template.text:
        other = "" if template.field == "read" else ', or declare the path semantics "windows"'
        yield template.problem(
            "E307",
            rf"{quoted(template.text)} has '\', but this side's separator is '/'",
            f"write '/'{other}",
        )
    elif template.text.startswith("//"):
        yield template.problem(
            "E307",
            f"{quoted(template.text)} starts with two separators",
            "start with one '/', at the mount point of the share",
        )


def _forward_slashes(template: _Template) -> Iterator[TemplateProblem]:
    if "/" in template.text:
        yield template.problem(
            "E307",
            rf"{quoted(template.text)} has '/', but this side's separator is '\'",
            r"""write '\', or declare the path semantics "posix" """.rstrip(),
        )


def _drive(template: _Template) -> Iterator[TemplateProblem]:
    yield template.problem(
        "E308",
        f"{quoted(template.text)} starts with a drive letter",
        "write the POSIX path where readers have that drive mounted; if it is the IOC's, swap both sides and "
        'declare the path semantics "windows"'
        if template.field == "read"
        else 'declare the path semantics "windows", or write the POSIX path',
    )


def _drive_letter(template: _Template) -> bool:
    return template.semantics == "posix" and bool(re.match(r"[A-Za-z]:", template.text))


def _parent(template: _Template) -> Iterator[TemplateProblem]:
    if ".." in re.split(r"[/\\]", template.text):
        yield template.problem(
            "E309", f"'..' in {quoted(template.text)} leads upwards", "write the folder without '..'"
        )


def _names(template: _Template) -> Iterator[TemplateProblem]:
    parts = split(template.text, template.semantics).parts
    for component in parts[1:] if re.match(r"[A-Za-z]:", parts[0] if parts else "") else parts:
        if component != component.strip(" "):
            yield template.problem(
                "E310",
                f"the component {quoted(component)} starts or ends with a space",
                "take the space away: it is nearly always an accident, and Windows drops it",
            )
        elif component != ".." and not is_name(component, template.semantics):
            yield template.problem(
                "E310",
                f"{quoted(component)} cannot be the name of a folder there",
                'take away the characters < > : " | ? * and any dot at the end; Windows keeps CON, PRN, AUX, '
                "NUL, COM1 to COM9 and LPT1 to LPT9 for devices, with any ending too",
            )


def _directives(template: _Template) -> Iterator[TemplateProblem]:
    if template.field == "write_root":
        if "%" in template.text:
            yield template.problem(
                "E312",
                f"{quoted(template.text)} holds a '%', but the root does not change with time",
                "write strftime directives in the templates only",
            )
        return
    for match in re.finditer(r"%(.?)", template.text):
        yield from _directive(template, match[1])


def _directive(template: _Template, letter: str) -> Iterator[TemplateProblem]:
    if letter == "%":
        yield template.problem(
            "E312",
            f"'%%' in {quoted(template.text)} leaves a '%', which the driver's own file template would eat",
            "use another character",
        )
    elif letter not in _DIRECTIVES:
        yield template.problem(
            "E311",
            f"{quoted('%' + letter)} in {quoted(template.text)} is no strftime directive for a folder's name",
            "use such as %Y, %m, %d, %H, %M, %S; %j, %b or %V work too",
        )


def _absolute(template: _Template) -> Iterator[TemplateProblem]:
    if template.field == "write" or starts_unclearly(template.text, template.semantics):
        return  # a relative write template is a matter of its root
    if not split(template.text, template.semantics).anchor:
        start = "the drive letter or share" if template.semantics == "windows" else "'/'"
        yield template.problem(
            "E313", f"{quoted(template.text)} is not absolute", f"write it from {start} on"
        )


def starts_unclearly(text: str, semantics: PathSemantics) -> bool:
    """Say whether another rule refuses what the template starts with, so that "relative" is no news."""
    starts = re.match(r"[$~]" if semantics == "windows" else r"[$~\\]|[A-Za-z]:", text)
    return bool(starts or _PLACEHOLDER.match(text))


_RULES: tuple[Callable[[_Template], Iterator[TemplateProblem]], ...] = (
    _placeholder,
    _characters,
    _macro,
    _separators,
    _parent,
    _names,
    _directives,
    _absolute,
)
