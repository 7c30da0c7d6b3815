"""Places that a user names → documents: files, folders, patterns, standard input, web addresses.

Nothing else in the project reads input from disk or network. What cannot be opened becomes a Rejection in its turn.
"""

import codecs
import json
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, count, takewhile
from pathlib import Path, PurePath, PureWindowsPath
from typing import BinaryIO

from corpus.fetch import fetch
from corpus.readers import LARGEST_DOCUMENT, STANDARD_INPUT, SUFFIXES, too_large
from corpus.types import Document, Rejection, UnreadableDocument

_Found = Iterator[Document | Rejection]
_Files = Iterator[Path | Rejection]

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)
_PATTERN = re.compile(r"[*?\[]")
_LINES_SUFFIXES = (".jsonl", ".ndjson")
_JSON = "application/json"
_BEGINNING_OF_LIST = re.compile(rb"(\xef\xbb\xbf)?\s*\[")
_QUICKLY_COUNTED = 1 << 30  # bytes of a file whose lines are counted before it is read


def documents(
    places: Iterable[str], *, stdin: BinaryIO | None = None, allow_loopback: bool = False
) -> Iterator[Document | Rejection]:
    """The documents at each place in turn, and a Rejection for each thing that is missing or cannot be opened.

    A place is a file, a folder (files with a known suffix in it and below, sorted; hidden ones and links to folders
    are not followed), a pattern with `*`, `?` or `**`, an http or https address, or `-` for `stdin` (default: the
    process's). JSON Lines are read line by line and named `file.jsonl:12`. `allow_loopback` is for tests of fetching.
    """
    for place in places:
        try:
            yield from _place(place, stdin, allow_loopback)
        except UnreadableDocument as error:
            yield Rejection(place, str(error))
        except Exception as error:
            reason = f"it could not be opened ({type(error).__name__}: {error}): check it, or leave it out"
            yield Rejection(place, " ".join(reason.split()))


def count_documents(places: Iterable[str]) -> int | None:
    """How many things `documents` would find, as well as a quick look at the files tells; None where it does not."""
    total = 0
    for number in chain.from_iterable(map(_counts, places)):
        if number is None:
            return None
        total += number
    return total


def _counts(place: str) -> Iterator[int | None]:
    if place == STANDARD_INPUT:
        yield None
    elif _ADDRESS.match(place):
        yield 1
    else:
        try:
            yield from map(_count, _files(place))
        except (OSError, ValueError, NotImplementedError):  # a pattern that is none, for one
            yield 1


def _count(found: Path | Rejection) -> int | None:
    """The documents in a file; one where there is none, for that will be said."""
    if isinstance(found, Rejection) or not found.is_file():
        return 1
    try:
        with found.open("rb") as stream:
            if found.suffix.lower() in _LINES_SUFFIXES:
                too_long = found.stat().st_size > _QUICKLY_COUNTED
                return None if too_long else max(1, sum(1 for _ in _lines(stream)))
            holds_list = found.suffix.lower() == ".json" and _BEGINNING_OF_LIST.match(stream.read(1 << 10))
            return None if holds_list else 1
    except OSError:
        return 1


def sent_documents(name: str, stream: BinaryIO) -> Iterator[Document | Rejection]:
    """The documents in a file that someone sent here, read from `stream`; JSON Lines line by line.

    Of `name` only the last part is used, to tell the format and to call the file by: no path is ever opened.
    """
    name = PureWindowsPath(name).name or "file"  # knows both kinds of slashes
    for found in _stream(name, stream):
        yield replace(found, sent=True) if isinstance(found, Document) else found


def _stream(name: str, stream: BinaryIO) -> _Found:
    suffix = PurePath(name).suffix.lower()
    if suffix in _LINES_SUFFIXES:
        return _json_lines(name, _lines(stream))
    return _whole(name, stream.read(LARGEST_DOCUMENT + 1), suffix)


def _place(place: str, stdin: BinaryIO | None, allow_loopback: bool) -> _Found:
    if place == STANDARD_INPUT:
        return _standard_input(stdin or sys.stdin.buffer)
    if _ADDRESS.match(place):
        return iter([fetch(place, allow_loopback=allow_loopback)])
    return chain.from_iterable(
        iter([found]) if isinstance(found, Rejection) else _file(found) for found in _files(place)
    )


def _files(place: str) -> _Files:
    if not place:
        return iter([Rejection(place, "the place is empty: name a file or a folder")])
    if _PATTERN.search(place) and not os.path.lexists(place):
        return _matches(place)
    return _path(Path(place))


def _path(path: Path) -> _Files:
    return _folder(path) if _is_folder(path) else iter([path])


def _is_folder(path: Path) -> bool:
    """Unlike Path's own, False for all that cannot be looked at; opening it will tell why."""
    return os.path.isdir(path)  # noqa: PTH112


def _matches(pattern: str) -> _Files:
    """Files and folders that match; like in a folder only known suffixes unless the pattern itself names one."""
    parts = PurePath(pattern).parts
    fixed = list(takewhile(lambda part: not _PATTERN.search(part), parts))
    wanted = PurePath(*parts[len(fixed) :])
    if wanted.name == "**":
        wanted = wanted / "*"
    found = False
    for path in sorted(Path(*fixed).glob(str(wanted))):
        below = path.parts[len(fixed) :]
        if any(part.startswith(".") for part in below) or (_is_folder(path) and "**" in parts):
            continue
        if _is_folder(path) or wanted.suffix or path.suffix.lower() in SUFFIXES:
            found = True
            yield from _path(path)
    if not found:
        yield Rejection(pattern, "nothing matches the pattern: check it, or name a folder")


def _folder(folder: Path) -> _Files:
    empty = True
    for path in _files_below(folder):
        empty = False
        yield path
    if empty:
        yield Rejection(_name(folder), f"the folder holds no articles ({', '.join(SUFFIXES)})")


def _files_below(folder: Path) -> _Files:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            paths = sorted(path for path in current.iterdir() if not path.name.startswith("."))
        except OSError as error:
            yield _rejection(current, error)
            continue
        folders = set(filter(_is_folder, paths))
        waiting += sorted((path for path in folders if not path.is_symlink()), reverse=True)
        for path in paths:
            if path not in folders and path.suffix.lower() in SUFFIXES:
                yield path
            elif path in folders and path.is_symlink():
                yield Rejection(_name(path), "it is a link to a folder, which is not followed: name that folder itself")


def _file(path: Path) -> _Found:
    name, suffix = _name(path), path.suffix.lower()
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            yield Rejection(name, "it is a device, a pipe or a socket: name a regular file")
        elif suffix in _LINES_SUFFIXES:
            with path.open("rb") as stream:
                yield from _json_lines(name, _lines(stream))
        elif status.st_size > LARGEST_DOCUMENT:
            yield Rejection(name, too_large(status.st_size))
        else:
            yield from _whole(name, path.read_bytes(), suffix)
    except (OSError, ValueError) as error:
        yield _rejection(path, error)


def _whole(name: str, content: bytes, suffix: str) -> _Found:
    """The one document that a file is, or each of the articles in a JSON list."""
    articles = _json_list(content) if suffix == ".json" else None
    if articles is None:
        yield Document(name, content, _JSON if suffix == ".json" else "")
    elif not articles:
        yield Rejection(name, "its list of articles is empty")
    else:
        for number, article in enumerate(articles, 1):
            yield Document(f"{name}:{number}", json.dumps(article).encode(), _JSON)


def _json_list(content: bytes) -> list[object] | None:
    try:
        articles = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return articles if isinstance(articles, list) else None


def _standard_input(stream: BinaryIO) -> _Found:
    lines = _lines(stream)
    first = next(lines, (1, b""))
    if first[1] is None or _is_record(first[1]):
        yield from _json_lines(STANDARD_INPUT, chain([first], lines))
        return
    content = first[1] + stream.read(LARGEST_DOCUMENT + 1)
    suffix = ".json" if content.startswith((b"{", b"[")) and _json_list(content) else ""
    yield from _whole(STANDARD_INPUT, content, suffix)


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines that are not blank; None for one over the limit, which is skipped without being held."""
    for number in count(1):
        line = stream.readline(LARGEST_DOCUMENT + 1)
        if not line:
            return
        if len(line) > LARGEST_DOCUMENT and not line.endswith(b"\n"):
            yield number, None
            while line and not line.endswith(b"\n"):
                line = stream.readline(1 << 16)
        elif line.strip():
            yield number, line


def _json_lines(name: str, lines: Iterable[tuple[int, bytes | None]]) -> _Found:
    empty = True
    for number, line in lines:
        empty = False
        if line is None:
            yield Rejection(
                f"{name}:{number}", f"the line is over the limit of {LARGEST_DOCUMENT / 1e6:.0f} MB: split it"
            )
        elif line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            yield Rejection(name, "it is in UTF-16: save it as UTF-8")
            return
        else:
            yield Document(f"{name}:{number}", line, _JSON)
    if empty:
        yield Rejection(name, "it is empty")


def _rejection(path: Path, error: OSError | ValueError) -> Rejection:
    match error:
        case FileNotFoundError():
            reason = "there is no such file or folder: check the path"
        case PermissionError():
            reason = "it may not be read: permission denied"
        case OSError(strerror=str(text)):
            reason = f"it cannot be read: {text[:1].lower()}{text[1:]}"
        case _:
            reason = f"it cannot be read: {error}"
    return Rejection(_name(path), reason)


def _name(path: Path) -> str:
    """The path as a person reads it; a name that is not UTF-8 could be printed by nobody."""
    return os.fsencode(path).decode("utf-8", "replace")
