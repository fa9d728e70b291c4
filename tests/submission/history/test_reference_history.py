"""The reference comes with a history of its own, as a bundle: it is current, and as good as a history can be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graders.submission.history import History, HistoryRules, given_blobs, judge_history, read_history

from .repositories import git

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "reference"
TEMPLATE = ROOT / "student_template"
SCRIPT = "fixtures/submissions/reference_history.py"
RUN = f"run: python {SCRIPT}"
LABS = {
    name: (f"dl_in_iot_course/{name}", f"summaries/{name}") for name in ("l02_quantization", "l03_pruning_clustering")
} | {
    "mnist_compression": ("mnist_compression",),
    "kenning_compression": ("kenning_compression", "summaries/kenning_compression"),
    "hybrid_decomposition": ("hybrid_decomposition", "summaries/hybrid_decomposition"),
}


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(ROOT / SCRIPT), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def tracked(root: Path) -> dict[str, bytes]:
    """The files that a bundle has to hold as they are: code and summaries."""
    files = [*root.rglob("*.py"), *(root / "summaries").glob("*/summary.md"), *(root / "mnist_compression").glob("*.ipynb")]
    files += [*(root / "mnist_compression").glob("report.md"), *(root / "kenning_compression").rglob("*.json")]
    paths = {file.relative_to(root).as_posix(): file for file in files}
    return {path: file.read_bytes() for path, file in paths.items() if not {"build", "report"} & set(path.split("/"))}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git makes of the bundle."""
    git(tmp_path, "clone", "-q", str(REFERENCE / "history.bundle"), str(tmp_path / "clone"))
    return tmp_path / "clone"


def test_the_bundle_is_current(clone: Path) -> None:
    """Its newest commit holds the reference's code and summaries, byte for byte, and no others."""
    held, there = tracked(clone), tracked(REFERENCE)
    differ = sorted(path for path in held.keys() | there.keys() if held.get(path) != there.get(path))
    assert not differ, f"reference/history.bundle is behind in {', '.join(differ)}; {RUN}"


@pytest.mark.parametrize("lab", LABS)
def test_the_reference_has_the_full_marks_of_a_history(lab: str) -> None:
    """All five sub-scores, for each lab by itself; the template's commit is nobody's work."""
    paths = tuple(path for both in LABS.values() for path in both)
    history = read_history(REFERENCE, paths, given=given_blobs(TEMPLATE, paths))
    assert isinstance(history, History), history
    assert [commit.author for commit in history.given] == ["Course Staff"], RUN
    assert {commit.author for commit in history.commits} == {"Reference Student"}
    others = tuple(path for other, both in LABS.items() if other != lab for path in both)
    scores = judge_history(history, HistoryRules(paths=LABS[lab], other_paths=others))
    assert {score.name: score.holds for score in scores} == dict.fromkeys((score.name for score in scores), 1.0)
    assert len(scores) == 5
    assert not any(score.commits for score in scores)


def test_its_commits_read_like_a_students(clone: Path) -> None:
    """Subjects of 30 to 70 letters, each once; on several days of autumn 2026; one line of commits, each file valid."""
    rows = [line.split("|") for line in git(clone, "log", "--reverse", "--format=%s|%ai|%ci|%p").splitlines()]
    subjects = [row[0] for row in rows]
    assert len(set(subjects)) == len(subjects) >= 12
    assert all(30 <= len(subject) <= 70 for subject in subjects)
    times = [row[1] for row in rows]
    assert times == sorted(times) == [row[2] for row in rows]
    assert all(time.startswith(("2026-10-", "2026-11-")) for time in times)
    assert len({time[:10] for time in times}) >= 8
    assert all(len(row[3].split()) == (1 if number else 0) for number, row in enumerate(rows))
    for commit in git(clone, "rev-list", "HEAD").split():
        for path in git(clone, "ls-tree", "-r", "--name-only", commit).splitlines():
            if path.endswith(("_experiments.py", "/optimizers.py", "/compress.py")):
                compile(git(clone, "show", f"{commit}:{path}"), path, "exec")


def test_the_same_files_make_the_same_commits(tmp_path: Path) -> None:
    """And the same bytes, on one machine; nothing of its user's settings takes part."""
    bundles = []
    for name in ("one", "two"):
        done = run_script("--out", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        bundles.append((tmp_path / name).read_bytes())
    assert bundles[0] == bundles[1]
    kept = (REFERENCE / "history.bundle").read_bytes()
    assert bundles[0].partition(b"\n\n")[0] == kept.partition(b"\n\n")[0], f"the bundle is not what is made now; {RUN}"


def test_a_bundle_of_the_same_commits_is_left_alone(tmp_path: Path) -> None:
    """Another version of git may pack them into other bytes, which nobody needs to commit."""
    out = tmp_path / "history.bundle"
    header = (REFERENCE / "history.bundle").read_bytes().partition(b"\n\n")[0]
    out.write_bytes(header + b"\n\nother bytes")
    assert "as they were" in run_script("--out", str(out)).stdout
    assert out.read_bytes().endswith(b"other bytes")


def test_helpers_and_files_that_go_are_taken_along(tmp_path: Path) -> None:
    """A module that the template lacks, one that the reference lacks, and a summary that can't be divided."""
    reference, template = tmp_path / "reference", tmp_path / "template"
    shutil.copytree(REFERENCE, reference)
    shutil.copytree(TEMPLATE, template)
    (reference / "history.bundle").unlink()
    code = reference / "dl_in_iot_course"
    (code / "l03_pruning_clustering" / "helpers.py").write_text("HELP = 1\n")
    (code / "misc" / "draw.py").unlink()
    (reference / "summaries" / "l02_quantization").mkdir(parents=True, exist_ok=True)
    (reference / "summaries" / "l02_quantization" / "summary.md").write_text("# Summary\n\nAll in one.\n")
    done = run_script("--reference", str(reference), "--template", str(template))
    assert done.returncode == 0, done.stderr
    git(tmp_path, "clone", "-q", str(reference / "history.bundle"), str(tmp_path / "clone"))
    assert tracked(tmp_path / "clone") == tracked(reference)
    summary = "summaries/l02_quantization/summary.md"
    assert len(git(tmp_path / "clone", "log", "--format=%h", "--", summary).split()) == 1


def test_a_step_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    """Where what a step takes has another name, or is in the template already, the step has to be mended by hand."""
    reference = tmp_path / "reference"
    shutil.copytree(REFERENCE, reference)
    before = (reference / "history.bundle").read_bytes()
    third = "dl_in_iot_course/l03_pruning_clustering/pruning_clustering_experiments.py"
    second = "dl_in_iot_course/l02_quantization/quantization_experiments.py"
    renamed = (REFERENCE / third).read_text().replace("load_keras_model", "fresh_model")
    for path, text, said in (
        (third, renamed, "there is no load_keras_model any more"),
        (second, (TEMPLATE / second).read_text(), "nothing changes with 'Load the Keras"),
    ):
        (reference / path).write_text(text)
        done = run_script("--reference", str(reference))
        assert done.returncode == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert (reference / "history.bundle").read_bytes() == before
