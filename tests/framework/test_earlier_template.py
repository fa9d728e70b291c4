"""What students left as the template of their day had it is not their work, whatever became of the template since."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from graders.core.paths import REPOSITORY, TEMPLATE
from graders.framework.static_review import EARLIER, untouched_template_files
from graders.submission.history.contents import content_ids, given_blobs

LISTED: dict[str, list[str]] = json.loads(EARLIER.read_text(encoding="utf-8"))
UPDATE = "run: python fixtures/submissions/earlier_template.py"


def git(*words: str) -> str:
    """What git says of this repository, "" if it is none."""
    done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def test_the_template_of_today_is_listed() -> None:
    """After a change to the template its versions are listed again; both kinds of line ends count."""
    ignored = ("__pycache__", "build")
    given = given_blobs(TEMPLATE, sorted(entry.name for entry in TEMPLATE.iterdir() if entry.name not in ignored))
    lacking = [path for path, ids in given.items() if "__pycache__" not in path and not ids <= set(LISTED.get(path, ()))]

    assert not lacking, UPDATE


@pytest.mark.process
def test_every_earlier_version_is_listed() -> None:
    """Every blob that the template's files had in this repository's history."""
    if git("rev-parse", "--is-shallow-repository").strip() != "false":
        pytest.skip("this checkout has no whole history to compare with")
    log = git("log", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", TEMPLATE.name)
    blobs = {(line.split("\t")[1].removeprefix("student_template/"), line.split()[3]) for line in log.splitlines()}

    assert [path for path, blob in blobs if set(blob) != {"0"} and blob not in LISTED.get(path, ())] == [], UPDATE


def test_line_ends_make_no_difference() -> None:
    """A file is known by its content with either kind of line ends."""
    assert content_ids(b"a\r\nb\r\n") & content_ids(b"a\nb\n")
    assert not content_ids(b"a\nb\n") & content_ids(b"a\nb\nc\n")


def test_an_untouched_earlier_report_is_no_report(tmp_path: Path) -> None:
    """A report page that a student left as it was is recognised after the template's was reworded; an edited one is not."""
    page = tmp_path / "mnist_compression" / "report.md"
    page.parent.mkdir()
    blob = next(blob for blob in LISTED["mnist_compression/report.md"] if git("cat-file", "-t", blob).strip() == "blob")
    page.write_text(git("cat-file", "blob", blob), encoding="utf-8", newline="")

    assert untouched_template_files(tmp_path) == (page,)
    page.write_text(page.read_text(encoding="utf-8") + "Pruned to 80 %.\n", encoding="utf-8")
    assert untouched_template_files(tmp_path) == ()
