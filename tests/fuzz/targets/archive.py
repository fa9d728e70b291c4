"""A submission as a ZIP archive, and looking for the labs in what it unpacks to."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Sequence

from graders.core.errors import SubmissionError
from graders.submission import build_overlay, discover, limits
from graders.submission.archives import is_archive, unpack
from tests.fuzz.mutations import METHODS, archive_of, archived, combined, plain
from tests.fuzz.target import Target, file_of, require_one_line, scratch

FILES = ["dl_in_iot_course/l02_quantization/quantization_experiments.py"]
FILE = 0o100644 << 16


def run(data: bytes) -> None:
    folder, view = scratch() / "inside" / "unpacked", scratch() / "inside" / "view"
    for each in (folder, view):
        shutil.rmtree(each, ignore_errors=True)
    with file_of(data, "inside/submission.zip") as path:
        if not is_archive(path):
            return
        try:
            found = unpack(path, folder)
        except SubmissionError as error:
            require_one_line(error)
            return
    for note in found.notes:
        require_one_line(note)
    assert {each.name for each in (scratch() / "inside").iterdir()} == {"submission.zip", "unpacked"}
    total = 0
    for each in folder.rglob("*"):
        assert not each.is_symlink()
        assert each.is_file() or each.is_dir()
        total += each.stat().st_size if each.is_file() else 0
    assert total <= limits.MAX_TOTAL
    try:
        submission = discover(folder, FILES)
        overlay = build_overlay(submission.root, {}, view)
    except SubmissionError as error:
        require_one_line(error)
        return
    for note in overlay.notes:
        require_one_line(note)


def contents(draw: random.Random, data: bytes) -> bytes:
    """Some bytes; or very many of one."""
    return bytes(draw.choice((100_000, 3_000_000))) if draw.random() < 0.1 else plain(draw, data)


def seeds() -> Sequence[bytes]:
    code, page = b"class FP32Model:\n    pass\n", b"# Summary\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    plain_names = [(FILES[0], code), ("summaries/l02_quantization/summary.md", page)]
    made = [archive_of([(name, content, FILE, method) for name, content in plain_names]) for method in METHODS]
    made.append(archive_of([(f"team-a/repo/{name}", content, FILE, zipfile.ZIP_DEFLATED) for name, content in plain_names], b"a comment"))
    folders = [("a/", b"", 0o040755 << 16, zipfile.ZIP_STORED), ("a/b.py", code, 0, zipfile.ZIP_DEFLATED), ("a\\c.py", code, FILE, zipfile.ZIP_DEFLATED)]
    made.append(archive_of([*folders, ("link", b"/etc/passwd", 0o120777 << 16, zipfile.ZIP_STORED)]))
    made.append(archive_of([]))
    return made


TARGET = Target(
    name="archive", reads="ZIP archives of submissions", run=run, seeds=seeds, mutate=combined(archived(contents)), suffix=".zip",
    libraries=("zipfile",), max_bytes=1 << 18, few=600,
)  # fmt: skip
