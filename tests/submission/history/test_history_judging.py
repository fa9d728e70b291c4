"""Each sub-score falls for its own reason alone, and names the commits that cost it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.submission.history import Commit, FileChange, History, HistoryRules, SubScore, judge_history, read_history
from graders.submission.history.rules import SHARES

from .conftest import Reading
from .repositories import CODE, DAY, LAB, LAB_PATHS, START, SUMMARY, TIDY, Made, code, git, make

RULES = HistoryRules(paths=LAB_PATHS, other_paths=("dl_in_iot_course/l03_pruning_clustering",))
MODEL = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 40


def judged(history: History, rules: HistoryRules = RULES) -> dict[str, SubScore]:
    return {score.name: score for score in judge_history(history, rules)}


def lost(history: History, rules: HistoryRules = RULES) -> dict[str, float | None]:
    """What does not hold wholly, and how far it does."""
    return {name: score.holds for name, score in judged(history, rules).items() if score.holds != 1.0}


def test_a_tidy_history_earns_everything(read: Reading) -> None:
    """Nothing is lost, no commit costs anything, and the shares sum up to one."""
    scores = judge_history(read(TIDY), RULES)
    assert [score.name for score in scores] == list(SHARES)
    assert all(score.holds == 1.0 and not score.commits and not score.cause for score in scores)
    assert sum(score.share for score in scores) == pytest.approx(1.0)
    assert all(score.measured and score.expected for score in scores)


@pytest.mark.parametrize(
    "subjects",
    [
        ["Przelicz wejście na int8", "Dodaj kalibrację jedną klasą", "Popraw zaokrąglanie", "Opisz wyniki"],
        ["Modell nach TFLite umwandeln", "Auf int8 quantisieren", "Runden statt abschneiden", "Messwerte beschreiben"],
        ["转换为 TFLite", "量化输入", "修复舍入误差", "补充实验总结"],
        ["モデルを変換", "入力を量子化", "丸めを修正", "結果をまとめる"],
        ["Преобразовать модель", "Квантовать вход", "Исправить округление", "Описать результаты"],
        ["تحويل النموذج", "تكميم المدخلات", "تصحيح التقريب", "كتابة الملخص"],
        ["मॉडल को बदलें", "इनपुट क्वांटाइज़ करें", "गोलाई सुधारें", "परिणाम लिखें"],
        ["feat: FP32 conversion", "feat(int8): quantise inputs", "fix: round before the cast", "docs: summary of lab 2"],
        ["Initial commit", "✨ INT8 model", "Fix wrap-around", "Summary"],
    ],
)  # fmt: skip
def test_subjects_in_any_language_are_as_good(read: Reading, subjects: list[str]) -> None:
    """What says something is taken for it, whatever the script or the custom."""
    commits = [Made(subject, made.files) for subject, made in zip(subjects, TIDY, strict=True)]
    assert lost(read(commits)) == {}


@pytest.mark.parametrize(
    "subject",
    ["fix", "Update", "wip", "asdf", "...", "", "x", "final version", "lab 2", "zmiany", "Änderungen", "правки", "更新",
     "fixes fixes", "Update summary.md", "Add files via upload", "test: wip", "🎉", "йцукен", "asdasd", "mise à jour",
     "修改代码", "コミット", "update2", "Lab3", "laboratorium 3", "Part 2", "version2", "test123", "Teil 3", "step4"],
)  # fmt: skip
def test_empty_subjects_are_named(read: Reading, subject: str) -> None:
    """Half of the subjects empty: the commits are named, and only the subjects lose."""
    commits = [TIDY[0], Made(subject, TIDY[1].files), TIDY[2], Made(subject, TIDY[3].files)]
    history = read(commits)
    assert lost(history) == {"subjects": pytest.approx(0.5 / RULES.good_subjects)}
    named = judged(history)["subjects"].commits
    assert [item.short for item in named] == [history.commits[1].short, history.commits[3].short]
    assert all(item.why for item in named)


@pytest.mark.parametrize("subject", ["summary", "INT8Model", "Klasteryzacja", "Quantisierung", "README", "总结"])
def test_a_word_that_names_a_part_of_the_work_counts(read: Reading, subject: str) -> None:
    """Brief as it is, whoever reads it knows which step the commit is; said twice, it tells them no longer."""
    one = [*TIDY[:3], Made(subject, TIDY[3].files)]
    assert not judged(read(one))["subjects"].commits
    assert len(judged(read([*one, Made(subject, {CODE: code(4)})]))["subjects"].commits) == 1


def test_the_same_subject_twice_counts_once(read: Reading) -> None:
    """A repeated subject costs from its second time on; case and punctuation do not make it another."""
    again = ["Quantise the inputs", "quantise the inputs!", "Quantise the  inputs", "Summarise"]
    history = read([Made(subject, made.files) for subject, made in zip(again, TIDY, strict=True)])
    named = judged(history)["subjects"].commits
    assert [item.short for item in named] == [history.commits[1].short, history.commits[2].short]
    assert lost(history) == {"subjects": pytest.approx(0.5 / RULES.good_subjects)}


def test_one_weak_subject_among_many_is_forgiven(read: Reading) -> None:
    """Nobody is perfect: four of five are enough."""
    commits = [*TIDY, Made("fix", {CODE: code(4)})]
    history = read(commits)
    assert lost(history) == {}
    assert [item.why for item in judged(history)["subjects"].commits] == ["generic"]


def test_a_dump_is_seen(read: Reading) -> None:
    """All of the code in one commit, the summary later: half of the points for commits, and the commit is named."""
    notes = [Made(f"Describe experiment number {number}", {SUMMARY: b"x" * number}) for number in range(1, 4)]
    history = read([Made("Solve lab two entirely", {CODE: code(30)}), *notes])
    assert lost(history) == {"commits": 0.5}
    (named,) = judged(history)["commits"].commits
    assert named.short == history.commits[0].short


def test_a_single_commit_earns_little(read: Reading) -> None:
    """One commit: few, dumped, at one time; what it says and what it holds is judged all the same."""
    assert lost(read([Made("Quantise the model", {CODE: code(9)})])) == {
        "commits": pytest.approx(1 / 6, abs=1e-4),
        "spread": 0.0,
    }


def test_a_one_minute_history(read: Reading) -> None:
    """Everything committed within a minute loses the spread, and only that."""
    history = read([replace(made, time=START + 10 * number) for number, made in enumerate(TIDY)])
    assert lost(history) == {"spread": 0.0}
    assert len(judged(history)["spread"].commits) == 3
    two = read([replace(made, time=START + (DAY if number else 0)) for number, made in enumerate(TIDY)])
    assert lost(two) == {"spread": pytest.approx(2 / 3, abs=1e-4)}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (f"{LAB}/model.tflite", MODEL),
        ("build/pocket.h5", b"\x89HDF\r\n\x1a\n" + b"0" * 5000),
        (f"{LAB}/weights.dat", MODEL),
        ("data/train.npz", b"PK\x03\x04" + b"0" * 200_000),
        ("results.zip", b"PK\x03\x04" + b"0" * 200_000),
        ("notes.txt", b"z" * (6 << 20)),
    ],
)
def test_models_and_data_cost_though_they_were_deleted(read: Reading, path: str, content: bytes) -> None:
    """What was committed once stays in the history: the commit is named with file, kind and size."""
    commits = [TIDY[0], Made(TIDY[1].subject, {**TIDY[1].files, path: content}), TIDY[2],
               Made(TIDY[3].subject, {**TIDY[3].files, path: None})]  # fmt: skip
    history = read(commits)
    assert lost(history) == {"files": 0.5}
    (named,) = judged(history)["files"].commits
    assert named.short == history.commits[1].short
    assert path in named.why
    assert "iB" in named.why


@pytest.mark.parametrize(("models", "holds"), [(1, 0.5), (2, 0.25), (4, 0.125), (10, 0.05)])
def test_each_further_model_costs_more(read: Reading, models: int, holds: float) -> None:
    """One model leaves half of the points, several leave as much less; the same content again is no other file."""
    files: dict[str, bytes | None] = {f"build/{number}.tflite": MODEL + bytes([number]) for number in range(models)}
    copies: dict[str, bytes | None] = {f"old/{path}": content for path, content in files.items()}
    history = read([TIDY[0], Made("Convert the variants", files), *TIDY[1:], Made("Keep a copy", copies)])

    assert lost(history) == {"files": holds}
    assert len(judged(history)["files"].commits) == 2 * models


def test_a_data_set_of_images_costs(read: Reading) -> None:
    """Hundreds of photographs outside of the summaries are a data set."""
    photographs: dict[str, bytes | None] = {f"images/cat_{number}.jpg": b"%d" % number for number in range(501)}
    history = read([TIDY[0], Made("Add images", photographs), *TIDY[1:]])
    assert lost(history) == {"files": 0.0}
    assert "501 images" in judged(history)["files"].commits[0].why


def test_what_belongs_in_a_repository_costs_nothing(read: Reading) -> None:
    """Plots of a summary, a notebook with outputs, a small test vector, an LFS pointer, an empty stand-in."""
    plots = {f"summaries/l02_quantization/img/{number}.png": b"\x89PNG" + b"0" * 50_000 for number in range(60)}
    others = {
        f"{LAB}/play.ipynb": b"{" + b"0" * (6 << 20) + b"}",
        f"{LAB}/vector.npz": b"PK\x03\x04" + b"0" * 3000,
        f"{LAB}/model.tflite": b"version https://git-lfs.github.com/spec/v1\n" + b"0" * 80,
        f"{LAB}/none.h5": b"",
        "docs/photo.jpg": b"\xff\xd8" + b"0" * 100_000,
        "summaries/l02_quantization/summary.pdf": b"%PDF" + b"0" * 100_000,
    }
    assert lost(read([*TIDY, Made("Add plots and a notebook", plots | others)])) == {}


def test_models_of_another_lab_cost_that_lab(read: Reading) -> None:
    """A model that only concerns lab 3 costs lab 2 nothing."""
    other = "dl_in_iot_course/l03_pruning_clustering"
    history = read([*TIDY, Made("Cluster", {f"{other}/m.tflite": MODEL, "build/m.tflite": MODEL})])
    assert lost(history) == {}
    assert judged(history, HistoryRules(paths=(other,), other_paths=LAB_PATHS))["files"].holds == 0.5


def pulled(*subjects: str) -> list[Made]:
    """The tidy history with merges of these subjects between."""
    commits = [TIDY[0]]
    for number, subject in enumerate(subjects):
        base = len(commits)
        commits.append(Made(f"Try number {number} of rounding", {CODE: code(10 + number)}, parents=(base,)))
        commits.append(Made(f"Measure number {number} elsewhere", {SUMMARY: b"%d" % number}, parents=(base,)))
        commits.append(Made(subject, {CODE: code(10 + number)}, parents=(base + 1, base + 2)))
    return [*commits, *TIDY[1:]]


@pytest.mark.parametrize(
    "subject",
    [
        "Merge branch 'main' of https://github.com/ada/labs",
        "Merge remote-tracking branch 'origin/main'",
        "Merge branch 'main' of github.com:ada/labs into main",
    ],
)
def test_merges_of_a_branch_with_its_own_copy_are_noise(read: Reading, subject: str) -> None:
    """What git pull leaves behind costs in proportion, and subjects of merges are not judged."""
    history = read(pulled(subject, subject))
    noise = [commit.short for commit in history.commits if commit.is_merge]
    assert lost(history) == {"merges": pytest.approx(1 - 2 / 10)}
    assert [item.short for item in judged(history)["merges"].commits] == noise


@pytest.mark.parametrize("subject", ["Merge branch 'clustering'", "Merge pull request #3 from ada/int8", "Join both"])
def test_merges_of_topic_branches_are_work(read: Reading, subject: str) -> None:
    """Branches for topics are a good custom."""
    assert lost(read(pulled(subject))) == {}


def test_merging_the_templates_news_is_no_noise(tmp_path: Path) -> None:
    """An update of the template's, merged in, is not the student's noise."""
    teacher = "Grace Teacher <g@example.org>"
    commits = [
        Made("Add the course", {"README.md": b"1"}, author=teacher, time=START - 40 * DAY),
        TIDY[0],
        Made("Mend the README", {"README.md": b"2"}, author=teacher, parents=(1,)),
        Made("Merge branch 'main' of https://example.org/course", {CODE: code(1)}, parents=(2, 3)),
        *TIDY[1:],
    ]
    history = read_history(make(tmp_path / "a", commits), LAB_PATHS)
    assert isinstance(history, History)
    assert lost(history) == {}


def test_a_history_without_the_labs_work_earns_nothing(read: Reading) -> None:
    """Commits that never touch the lab earn it nothing, and the reason says so."""
    scores = judged(read([Made("Write the README", {"README.md": b"1"})]))
    assert all(score.holds == 0.0 for score in scores.values())
    assert all("changes this lab" in score.cause for score in scores.values())


def test_a_shallow_clone_is_not_held_against_anybody(tmp_path: Path) -> None:
    """With too little to see, nothing is known; what is seen to be wrong still is; enough commits are enough."""
    make(tmp_path / "a", [*TIDY, Made("Compare all variants", {SUMMARY: b"more"})], checkout=True)
    for depth, unknown in ((1, set(SHARES)), (2, set(SHARES)), (4, {"commits"}), (5, set())):
        git(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{tmp_path}/a", str(tmp_path / f"b{depth}"))
        history = read_history(tmp_path / f"b{depth}", LAB_PATHS)
        assert isinstance(history, History)
        scores = judged(history)
        assert {name for name, score in scores.items() if score.holds is None} == unknown
        for name in unknown:
            assert "shallow" in scores[name].measured
            assert "unshallow" in scores[name].next


def test_rules_come_from_a_labs_settings() -> None:
    """Settings replace defaults; a misspelt one, and shares that do not sum up, are refused."""
    rules = HistoryRules.from_settings(LAB_PATHS, {"min_commits": 5, "pictures": ["plots"]}, other_paths=("x",))
    assert (rules.min_commits, rules.pictures, rules.other_paths) == (5, ("plots",), ("x",))
    with pytest.raises(ValueError, match="min_comits"):
        HistoryRules.from_settings(LAB_PATHS, {"min_comits": 5})
    with pytest.raises(ValueError, match="sum up to 1"):
        HistoryRules(paths=LAB_PATHS, shares=dict.fromkeys(SHARES, 0.5))


changes = st.builds(
    FileChange,
    path=st.sampled_from([CODE, SUMMARY, "build/m.tflite", "images/a.jpg", "README.md", "dl_in_iot_course/l03/x"]),
    status=st.sampled_from("AMDT"),
    size=st.none() | st.integers(0, 10**9),
    old_size=st.none() | st.integers(0, 10**9),
    blob=st.just("0" * 40),
    content=st.sampled_from(["", "tflite", "hdf5", "zip", "lfs"]),
)
times = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
commits_ = st.builds(
    Commit,
    id=st.text("0123456789abcdef", min_size=40, max_size=40),
    subject=st.text(max_size=150),
    author=st.text(max_size=10),
    time=st.none() | times,
    parents=st.lists(st.text("0123456789abcdef", min_size=40, max_size=40), max_size=3).map(tuple),
    files=st.lists(changes, max_size=4).map(tuple),
)


@given(st.lists(commits_, max_size=12), st.booleans())
def test_any_history_gets_scores_in_bounds(commits: list[Commit], shallow: bool) -> None:
    """Whatever the commits hold, there are five sub-scores in 0..1, each lost one with a cause and a next step."""
    scores = judge_history(History(tuple(commits), shallow=shallow), RULES)
    assert [score.name for score in scores] == list(SHARES)
    for score in scores:
        assert score.holds is None or 0.0 <= score.holds <= 1.0
        assert (score.holds == 1.0) == (score.cause == "")
        assert bool(score.cause) == bool(score.next)
        assert score.holds is not None or shallow


@given(st.lists(commits_, min_size=1, max_size=8))
def test_what_does_not_concern_the_lab_changes_nothing(commits: list[Commit]) -> None:
    """Among several labs, commits of others alone leave every sub-score as it was."""
    one, other = (
        replace(
            commits[0], id=name * 40, subject="wip", parents=(), files=(FileChange("l03/m.h5", "A", 9999, None, "1"),)
        )
        for name in "ef"
    )
    rules = replace(RULES, other_paths=(*RULES.other_paths, "l03"))
    assert judge_history(History((one, *commits, other)), rules) == judge_history(History((one, *commits)), rules)
