"""Whether anything supports a summary's numbers: the submitted code, and the images. If not, a person judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graders.core.errors import GraderError, RunError
from graders.framework.checks import NeedsManualReview, join_names, observe

if TYPE_CHECKING:
    from graders.framework.runner import RunResult
    from graders.written.claims import Review

LEAST_SUPPORTED = 0.5
"""The share of the variants that a summary is about, of which the code must show work."""
OFTEN_RIGHT = 0.5
"""From this accuracy on, a confusion matrix has a diagonal that anybody sees."""
LEAST_CONTRAST = 0.3
"""How far it stands out at least: 0.65 at an accuracy of 0.59, 0 in noise, and 0.22 in few blocks at random."""
MOST_LOOKED_AT = 12
Contrast = Callable[[str], float | None]
"""How far a diagonal stands out in an image of the submission, by its path; None if it can't be shown."""


@dataclass(frozen=True)
class WorkShown:
    """The runs that were executed without a fault of the grader's, and those of them that showed work."""

    tried: frozenset[str]
    working: frozenset[str]


def work_shown(results: Mapping[str, RunResult[Any]], require_work: Callable[[Any], None]) -> WorkShown:
    """:param require_work: raises RunError for the evidence of a run without work that succeeded."""
    tried, working = set(), set()
    for name, result in results.items():
        try:
            require_work(result.get())
            working.add(name)
        except GraderError:
            continue
        except RunError:
            pass
        tried.add(name)
    return WorkShown(frozenset(tried), frozenset(working))


def require_support(shown: WorkShown | None, variants: Mapping[str, str], stated: Iterable[str]) -> None:
    """Leaves a summary to a person if most of what it is about was made by no code of the submission.

    A summary may be of another model than the graded one, as the assignment has it, so its numbers alone can't tell
    whether they were measured or made up. Code that works makes it likely that they were measured.

    :param variants: the run that makes each variant; empty if the run has the variant's name.
    :param stated: the variants that the summary has something of.
    :raises NeedsManualReview: if the code shows work for less than half of these.
    """
    if shown is None:
        return
    known = [name for name in dict.fromkeys(stated) if (variants.get(name) or name) in shown.tried]
    lacking = [name for name in known if (variants.get(name) or name) not in shown.working]
    if known:
        observe(supported=f"{len(known) - len(lacking)} of {len(known)} variants are made by the submitted code")
    made = len(known) - len(lacking)
    if made < LEAST_SUPPORTED * len(known):
        raise NeedsManualReview(
            f"the submitted code makes {made} of the {len(known)} variants that the summary is about, so it does not "
            f"show where the numbers are from (nothing of the given model was made for {join_names(lacking)})",
            "Fix the code first; if it worked on your machine, show whoever grades this the files and the output.",
        )


def unlike_matrices(found: Review, variants: Iterable[str], contrast: Contrast) -> tuple[str, ...]:
    """The images that can't be the confusion matrix of a variant which is right as often as the summary states."""
    from graders.written.claims import Quantity

    required, looked, unlike = set(variants), dict[str, bool](), list[str]()
    for image in found.images:
        stated = [claim.low for claim in found.claims.of(image.variant, Quantity.ACCURACY)]
        often = image.variant in required and bool(stated) and min(stated) >= OFTEN_RIGHT
        if not often or image.problem or image.elsewhere or image.picture is None or image.picture.format == "SVG":
            continue
        if image.sha256 not in looked and len(looked) < MOST_LOOKED_AT:
            seen = contrast(image.path)
            looked[image.sha256] = seen is not None and seen >= LEAST_CONTRAST
        if not looked.get(image.sha256, True):
            unlike.append(image.path)
    return tuple(dict.fromkeys(unlike))
