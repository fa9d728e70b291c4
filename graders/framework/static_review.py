"""What is submitted besides the code: the summary and the git history, read once and reviewed for each lab."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.caching import files_digest
from graders.caching.fingerprints import digest_of, folder_files
from graders.core.errors import RunError, SourceLine
from graders.core.paths import TEMPLATE
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, NeedsManualReview, check, join_names, observe, record_threshold
from graders.framework.definition import CLAIMED, Lab, SummarySpec
from graders.framework.registry import definitions
from graders.framework.summary_support import Contrast, WorkShown, require_support, unlike_matrices

if TYPE_CHECKING:
    from graders.framework.model_stats import ModelStats
    from graders.submission.history import History, NoHistory, Scope, SubScore
    from graders.written.claims import Claim, Claims, Finding, Quantity, ReadSummary, Review, SummaryRules, Variant

# Collecting tests imports this module: what takes long to import is imported where it is used.
SHOWN = 3
EARLIER = Path(__file__).with_name("earlier_template.json")
"""Made by ``fixtures/submissions/earlier_template.py``."""
LARGEST_GIVEN = 1 << 20
# A file of this share of the known model's size, or a count of parameters, is one of the same model.
SAME_SIZE, SAME_PARAMETERS = (0.7, 1.3), (0.85, 1.2)
# What a summary may have for its review to be remembered.
MOST_FILES, MOST_BYTES = 200, 64 << 20
# Each finding costs this share of what a sound summary is worth.
FINDING = 0.5


def read_history_of(root: Path, located: Sequence[Lab] = ()) -> History | NoHistory:
    """The git history of a submission, where commits of the template's own files are not the student's.

    A file that is identical to the template's when submitted does not count as work, whatever its history.

    :param located: labs whose files lie elsewhere than usual, as this submission has them.
    """
    from graders.submission.history import History, given_blobs, read_history

    labs = (*definitions(), *located)
    paths = list(dict.fromkeys(path for lab in labs for path in lab.paths))
    templates = [folder for folder in dict.fromkeys((TEMPLATE, *(lab.template for lab in labs))) if folder.is_dir()]
    given = dict(_earlier_template())
    for folder in templates:
        for path, ids in given_blobs(folder, sorted(entry.name for entry in folder.iterdir())).items():
            given[path] = given.get(path, frozenset()) | ids
    found = read_history(root, paths, given=given)
    if not isinstance(found, History):
        return found
    untouched = {path for path, ids in given.items() if _is_given(root / path, ids)}
    commits = [
        replace(commit, files=tuple(change for change in commit.files if change.path not in untouched))
        for commit in found.commits
    ]
    return replace(found, commits=tuple(commits))


@cache
def _earlier_template() -> Mapping[str, frozenset[str]]:
    """The versions that files of the template had: submissions began with the one of their day."""
    listed: dict[str, list[str]] = json.loads(EARLIER.read_text(encoding="utf-8"))
    return {path: frozenset(ids) for path, ids in listed.items()}


def untouched_template_files(root: Path) -> tuple[Path, ...]:
    """The files below ``root`` that are as some version of the template has them."""
    return tuple(root / path for path, ids in sorted(_earlier_template().items()) if _is_given(root / path, ids))


def _is_given(file: Path, ids: AbstractSet[str]) -> bool:
    """Whether a submission's file is one of the template's versions, but for line ends."""
    from graders.submission.history.contents import content_ids

    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > LARGEST_GIVEN:
            return False
        return not ids.isdisjoint(content_ids(file.read_bytes()))
    except OSError:
        return False


@dataclass(frozen=True)
class ReviewedHistory:
    """The sub-scores of a history for a lab, by name, and the lab's view of it."""

    scores: Mapping[str, SubScore]
    scope: Scope


def review_history(
    history: History, lab: Lab, located: Sequence[Lab] = (), paths: tuple[str, ...] = ()
) -> ReviewedHistory:
    """Grades a history for a lab.

    :param located: as for :func:`read_history_of`. :param paths: the lab's own files and folders, if they are other
        than the lab's definition says (``own_paths``).

    :raises RunError: if no commit by the student touches the lab.
    """
    from graders.submission.history import HistoryRules, Scope, judge_history

    paths = paths or lab.paths
    known = {other.id: other for other in (*definitions(), *located)}
    others = tuple(path for other in known.values() if other.id != lab.id for path in other.paths)
    rules = HistoryRules.from_settings(paths, lab.history or {}, other_paths=others)
    if not history.shallow and not any(commit.touches(paths) for commit in history.commits):
        raise RunError(Verdict.MISSING, f"no commit by the student touches {' or '.join(paths)}")
    scores = {score.name: score for score in judge_history(history, rules)}
    return ReviewedHistory(scores, Scope.of(history, rules.paths, rules.other_paths))


def require_history(history: Mapping[str, SubScore], name: str) -> None:
    """Earns the part of a sub-score that holds. :raises NeedsManualReview: if a shallow clone hides the history."""
    found = history[name]
    if found.commits:
        observe(commits=[f"{each.short} {each.subject}: {each.why}" for each in found.commits])
    if found.holds is None:
        raise NeedsManualReview(f"{found.measured}. {found.cause}", found.next)
    costing = "; ".join(f"{each.short} '{each.subject}': {each.why}" for each in found.commits[:SHOWN])
    more = f" and {len(found.commits) - SHOWN} more" if len(found.commits) > SHOWN else ""
    check(
        found.holds >= 1,
        measured=found.measured + (f" ({costing}{more})" if costing and found.holds < 1 else ""),
        expected=found.expected,
        hint="history",
        share=found.holds,
        cause=found.cause,
        next=found.next,
    )


@dataclass(frozen=True)
class ClaimComparison:
    """A claim beside what was measured, and whether the two agree within the lab's tolerance."""

    variant: str
    quantity: str
    stated: str
    place: str
    measured: str
    agrees: bool


@dataclass(frozen=True)
class SummaryEvidence:
    """A summary as far as a machine can read it.

    ``same_model``: it is about the model that was graded, so claims were compared with measurements. ``furthest``: the
    largest difference of a claim from the measurement, by the name of its quantity, in the unit of the tolerance.
    ``work``: the runs that showed work, if any were executed. ``unlike``: the images that do not show what is stated.
    """

    review: Review
    spec: SummarySpec
    same_model: bool
    compared: tuple[ClaimComparison, ...]
    furthest: Mapping[str, float] = field(default_factory=dict)
    work: WorkShown | None = None
    unlike: tuple[str, ...] = ()

    @property
    def stated(self) -> tuple[str, ...]:
        """The required variants that the summary has numbers or images of."""
        claimed = {claim.variant for claim in self.review.claims.claims}
        pictured = {image.variant for image in self.review.images if not image.problem}
        return tuple(name for name in self.spec.variants if name in claimed | pictured)

    def require_support(self) -> None:
        """:raises NeedsManualReview: if the submitted code makes too few of the variants that the summary is about."""
        require_support(self.work, self.spec.variants, self.stated)


@dataclass(frozen=True)
class WrittenSummary:
    """A summary's text and what it claims, before anything is compared with measurements."""

    document: ReadSummary
    rules: SummaryRules
    claims: Claims


def read_summary(root: Path, lab: Lab) -> WrittenSummary:
    """Reads a lab's summary and finds its claims, which takes far longer than comparing them.

    :raises RunError: if none was submitted. :raises NeedsManualReview: if it has to be read manually.
    """
    from graders.written.claims import SummaryRules, Variant, claims_of, read

    spec = lab.summary
    assert spec is not None
    variants = tuple(Variant.named(name) for name in spec.variants)
    variants += tuple(Variant.named(name, required=False) for name in spec.others)
    rules = SummaryRules(
        folder=spec.folder,
        variants=variants,
        template=given_summary(lab),
        quantities=_wanted(spec.quantities),
        questions=_questions(spec),
    )
    document = read(root, rules)
    if document.summary.missing:
        raise RunError(Verdict.MISSING, f"no summary in {spec.folder}")
    if document.summary.pending:
        raise NeedsManualReview(f"the summary is {document.summary.pending}, which must be read manually")
    return WrittenSummary(document, rules, claims_of(document, rules))


def review(
    root: Path,
    lab: Lab,
    measured: Mapping[str, Mapping[str, Any]],
    given_model: Callable[[], ModelStats | None],
    contrast: Contrast | None = None,
    written: Callable[[], WrittenSummary] | None = None,
) -> SummaryEvidence:
    """Reviews a lab's summary.

    :param measured: a run's facts, by the run's name. :param given_model: called only if there is a summary to read.
    :param contrast: looks at the images of a summary about another model, whose numbers can't be compared.
    :param written: gives what :func:`read_summary` found, where that has been read already.
    :raises RunError: if none was submitted. :raises NeedsManualReview: if it has to be read manually.
    """
    from graders.written.claims import Tolerance, review_read

    spec = lab.summary
    assert spec is not None
    found_there = written() if written is not None else read_summary(root, lab)
    document, rules, claims = found_there.document, found_there.rules, found_there.claims
    original = given_model()
    same = original is not None and _same_model(claims, rules.variants, original)
    if original is None or not same:
        found = review_read(root, document, rules, claims=claims)
        unlike = unlike_matrices(found, spec.variants, contrast) if contrast is not None else ()
        return SummaryEvidence(found, spec, same, (), unlike=unlike)
    values = _values(spec, measured)
    tolerances = {name: Tolerance(absolute=value) for name, value in spec.tolerances.items()}
    tolerances |= {name: Tolerance(relative=value) for name, value in spec.relative.items()}
    by_quantity = {_quantity(name): tolerance for name, tolerance in tolerances.items()}
    known = replace(rules, parameters=original.parameters)
    found = review_read(root, document, known, measured=values, tolerances=by_quantity)
    return SummaryEvidence(found, spec, same, _compared(found, values), _furthest(found.claims.claims, values, spec))


def summary_digest(root: Path, lab: Lab) -> str | None:
    """A hash over the summary's files and the template's page; None if the files are too many or too large."""
    assert lab.summary is not None
    found = []
    for place in (root / lab.summary.folder, lab.template / lab.summary.folder):
        try:
            files = sorted(path for path in folder_files(place) if path.is_file() and not path.is_symlink())
            if len(files) > MOST_FILES or sum(path.stat().st_size for path in files) > MOST_BYTES:
                return None
            found.append(files_digest(place, files))
        except OSError:
            return None
    return digest_of(found)


def given_summary(lab: Lab) -> str:
    """The text of the page that says what belongs in the summary."""
    assert lab.summary is not None
    page = lab.template / lab.summary.folder / "README.md"
    return page.read_text(encoding="utf-8") if page.is_file() else ""


def _quantity(name: str) -> Quantity:
    from graders.written.claims import Quantity

    return Quantity(name)


def _wanted(alternatives: Sequence[Sequence[str]]) -> tuple[frozenset[Quantity], ...]:
    return tuple(frozenset(_quantity(name) for name in names) for names in alternatives)


def _questions(spec: SummarySpec) -> tuple[Any, ...]:
    from graders.written.claims import Question

    return tuple(Question(question.id, question.number, question.keys) for question in spec.questions)


def _same_model(claims: Claims, variants: Sequence[Variant], original: ModelStats) -> bool:
    """Whether the summary is about the graded model, by the sizes of float files or the parameter count."""
    bits = {variant.name: variant.bits for variant in variants}
    size, parameters = original.size, original.parameters
    for claim in claims.claims:
        if claim.quantity == "bytes" and {bits.get(name) for name in claim.variants} == {32}:
            share, (low, high) = claim.value / size, SAME_SIZE
        elif claim.quantity == "parameters":
            share, (low, high) = claim.value / parameters, SAME_PARAMETERS
        else:
            continue
        if low <= share <= high:
            return True
    return False


def _values(spec: SummarySpec, measured: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[Quantity, float]]:
    """What was measured of each variant, by quantity."""
    keys = {"deflate_bytes": "zip_bytes"}
    names = ("accuracy", "precision", "sensitivity", "g_mean", "bytes", "deflate_bytes", "deflation")
    values = {}
    for variant, run in spec.variants.items():
        facts = measured.get(run, {})
        values[variant] = {_quantity(keys.get(name, name)): float(facts[name]) for name in names if name in facts}
    return values


def _compared(found: Review, values: Mapping[str, Mapping[Quantity, float]]) -> tuple[ClaimComparison, ...]:
    """Each variant's claims beside the measurement, in the order of the summary."""
    from graders.written.claims import Check

    wrong = {(finding.variant, finding.quantity) for finding in found.about(Check.EVIDENCE)}
    rows = []
    for claim in found.claims.claims:
        value = values.get(claim.variant, {}).get(claim.quantity)
        if value is None:
            continue
        agrees = (claim.variant, claim.quantity) not in wrong
        where = f"{claim.place.file.rpartition('/')[2]}, line {claim.place.line}"
        rows.append(
            ClaimComparison(
                claim.variant, _title(claim), _formatted(claim, claim.value), where, _formatted(claim, value), agrees
            )
        )
    return tuple(rows)


def _furthest(
    claims: Sequence[Claim], values: Mapping[str, Mapping[Quantity, float]], spec: SummarySpec
) -> dict[str, float]:
    """Claims about one variant only; a claim about several needs to fit only one of them."""
    from graders.written.claims import meant

    found: dict[str, float] = {}
    for claim in claims:
        name, own = str(claim.quantity), values.get(claim.variant, {})
        known = [own[quantity] for quantity in meant(claim.quantity) if quantity in own]
        if len(claim.variants) != 1 or not known or name not in spec.allowed:
            continue
        gaps = [
            max(0.0, claim.low - value, value - claim.high) / ((abs(value) or 1.0) if name in spec.relative else 1.0)
            for value in known
        ]
        found[name] = max(found.get(name, 0.0), min(gaps))
    return found


def _title(claim: Claim) -> str:
    from graders.written.claims.model import TITLES

    return TITLES[claim.quantity]


def _formatted(claim: Claim, value: float) -> str:
    from graders.written.claims.rendering import shown

    return shown(claim.quantity, value)


def require_figures(summary: SummaryEvidence, *, sizes: bool) -> None:
    """Earns the share of the required values, of all variants together, that the summary states.

    :raises NeedsManualReview: if what is missing may be in an image, such as a screenshot of a table.
    """
    from graders.written.claims import check_complete, coverage_of
    from graders.written.claims.pictured_values import images_with

    summary.require_support()
    spec = summary.spec
    variants, wanted = _required(spec, sizes), _wanted(spec.sizes if sizes else spec.quantities)
    coverage = coverage_of(summary.review.claims, variants, wanted)
    complete = f"all {len(variants)} variants complete"
    if not coverage.missing:
        check(True, measured=complete, expected=complete, hint="summary_figures", cause="", next="")
        return
    pictured = images_with(coverage.lacking, summary.review.images)
    if pictured:
        places = " and ".join(str(image.place) for image in pictured[:SHOWN])
        raise NeedsManualReview(f"{coverage.line} in the text; an image may have it ({places})")
    first, *_ = check_complete(summary.review.claims, variants, wanted)
    check(
        False,
        measured=coverage.line + coverage.blanks,
        expected=f"for each of the {len(variants)} variants: {first.expected}",
        hint="summary_figures",
        share=coverage.share,
        cause=first.cause,
        next=first.next,
    )


def _required(spec: SummarySpec, sizes: bool) -> tuple[Variant, ...]:
    from graders.written.claims import Variant

    return tuple(Variant.named(name) for name in (spec.sized if sizes else spec.variants))


def require_images(summary: SummaryEvidence) -> None:
    """Fails unless each variant's confusion matrix exists, is an image, and is shown in the text."""
    from graders.written.claims import Check

    summary.require_support()
    found = [finding for finding in summary.review.about(Check.IMAGE) if finding.sure]
    if summary.unlike and not found:
        raise NeedsManualReview(
            f"{len(summary.unlike)} images show no diagonal, as the confusion matrix of a model that is right so often "
            f"has: {join_names(list(summary.unlike))}"
        )
    good = {image.variant for image in summary.review.images if not image.problem} & set(summary.spec.variants)
    share = len(good) / len(summary.spec.variants)
    if share == 1 and found:
        # An image beside the matrices is broken, which costs nothing.
        observe(look_at=[_stated(finding) for finding in found])
        found = []
    _require_none(found, "summary_images", f"images of {len(good)} variants", share)


def require_sound(summary: SummaryEvidence) -> None:
    """Fails if numbers are impossible, contradict each other or the measurements, or if placeholders were left."""
    from graders.written.claims import Check, Quantity
    from graders.written.claims.pictured_values import images_with

    summary.require_support()
    checks = (Check.CONTRADICTION, Check.IMPOSSIBLE, Check.INVERTED, Check.EVIDENCE, Check.PLACEHOLDER)
    found = summary.review.about(*checks)
    unsure = [_stated(finding) for finding in found if not finding.sure]
    if unsure:
        observe(look_at=unsure)
    sure = _about_other_numbers([finding for finding in found if finding.sure])
    if not summary.review.claims.claims:
        _require_none(sure, "summary_sound", "", 0.0)
        pictured = images_with(frozenset(Quantity), summary.review.images)
        if pictured:
            raise NeedsManualReview(f"the text has no numbers; an image may have them ({pictured[0].place})")
        raise CheckFailed("no numbers that could be checked", "a summary with numbers", "summary_empty", {})
    compared = f", {len(summary.compared)} of them compared with measurements" if summary.same_model else ""
    sound = f"{len(summary.review.claims.claims)} consistent numbers{compared}"
    for name, gap in summary.furthest.items():
        record_threshold(f"{CLAIMED}{name}", gap, summary.spec.allowed[name])
    _require_none(sure, "summary_sound", sound, max(0.0, 1 - FINDING * len(sure)))


def _about_other_numbers(found: Sequence[Finding]) -> list[Finding]:
    """Findings without those about a number that an earlier one is about, so that a mistake costs once."""
    seen: set[tuple[Any, ...]] = set()
    chosen = []
    for finding in found:
        numbers = {(finding.variant, finding.quantity, quote.place) for quote in finding.quotes if finding.quantity}
        if not numbers & seen:
            chosen.append(finding)
        seen |= numbers
    return chosen


def _require_none(found: Sequence[Finding], hint: str, fine: str, share: float) -> None:
    first = found[0] if found else None
    lines = dict.fromkeys(quote.place for finding in found[:SHOWN] for quote in finding.quotes)
    shown = "; ".join(_stated(finding) for finding in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more findings" if len(found) > SHOWN else ""
    check(
        first is None,
        measured=shown + more if first else fine,
        expected=first.expected if first else fine,
        hint=hint,
        share=min(share, 0.99) if first else 0.0,
        lines=[SourceLine(place.file, place.line, "") for place in lines],
        cause=first.cause if first else "",
        next=first.next if first else "",
    )


def _stated(finding: Finding) -> str:
    """The finding, with the places that its text does not name."""
    places = dict.fromkeys(str(quote.place) for quote in finding.quotes)
    others = [place for place in places if f"({place})" not in finding.measured]
    if places and not others:
        return finding.measured
    return f"{finding.measured} ({' and '.join(others) or 'the whole summary'})"


def quote_answer(summary: SummaryEvidence, criterion: str) -> None:
    """Quotes the answer to a question for manual grading. :raises NeedsManualReview: always."""
    answer = next(answer for answer in summary.review.answers if answer.question == criterion)
    question = next(question for question in summary.spec.questions if question.id == criterion)
    observe(question=question.text)
    if answer.quote is None:
        raise NeedsManualReview(f"no answer found to: {question.text}")
    observe(passage=answer.quote.text, place=str(answer.quote.place))
    raise NeedsManualReview(f"{answer.words} words, {answer.quote.place}, answering: {question.text}")
