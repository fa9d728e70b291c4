"""Finding every figure that a summary claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from graders.written.claims.bare_sizes import settle_bare_sizes
from graders.written.claims.document import Document, Heading, Line, Table, read_document
from graders.written.claims.lines import line_claims, parameter_claims
from graders.written.claims.model import Basis, Blank, Claim, Claims, Quantity
from graders.written.claims.normalization import normal
from graders.written.claims.numerals import writes_commas
from graders.written.claims.tables import Reading, table_claims
from graders.written.claims.variants import Variant, mentions

MAX_CLAIMS = 2000
_LEAST, _MOST = 0.75, 1.4
"""What share of four bytes a parameter an FP32 file may have, roughly."""


def find_claims(
    markdown: str | Document,
    variants: Sequence[Variant],
    *,
    file: str = "summary.md",
    parameters: float | None = None,
) -> Claims:
    """The figures that a summary states, whatever language it is written in.

    :param parameters: the model's number of parameters, if it is known: it decides what sizes without a unit mean, and
        which of two sizes is the zipped one.
    """
    document = markdown if isinstance(markdown, Document) else read_document(markdown, file)
    reading = Reading(tuple(variants), _commas(document, tuple(variants)), parameters)
    claims, blanks = _read(document, reading)
    counts = [claim for claim in claims if claim.quantity is Quantity.PARAMETERS and not claim.variants]
    stated = max((claim.value for claim in counts), default=None)
    if stated is not None and stated != parameters:
        # The model that the summary is about decides better what its sizes mean.
        claims, blanks = _read(document, replace(reading, parameters=stated))
    claims = settle_bare_sizes(sorted(claims, key=lambda claim: claim.place)[:MAX_CLAIMS], variants)
    known = parameters_of(claims, variants, parameters)
    return Claims(tuple(_unrefuted(_settle_sizes(claims, variants, known))), tuple(blanks))


def _unrefuted(claims: Sequence[Claim]) -> list[Claim]:
    """The claims without guesses at what a figure means that a figure beyond doubt contradicts."""
    sure: dict[tuple[str, Quantity], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.sure:
            sure[claim.variant, claim.quantity].append(claim)
    return [claim for claim in claims if claim.basis is not Basis.GUESS or _agrees(claim, sure)]


def _agrees(claim: Claim, sure: Mapping[tuple[str, Quantity], Sequence[Claim]]) -> bool:
    known = sure[claim.variant, claim.quantity][:9]
    return not known or any(one.low <= claim.high and claim.low <= one.high for one in known)


def _read(document: Document, reading: Reading) -> tuple[list[Claim], list[Blank]]:
    """The claims of lines and of tables; of a table without a variant's figures only the number of parameters."""
    lines = list(line_claims(document, reading))
    claims = [one for one in lines if isinstance(one, Claim)]
    blanks = [one for one in lines if isinstance(one, Blank)]
    for block in document.blocks:
        if isinstance(block, Table):
            found, empty = table_claims(block, document, reading)
            claims += found if found or empty else parameter_claims(block, document, reading)
            blanks += empty
    return claims, blanks


def parameters_of(claims: Sequence[Claim], variants: Sequence[Variant], given: float | None = None) -> float | None:
    """The number of parameters of the model that a summary is about.

    The ``given`` one, or the largest that the summary states (the total, beside the trainable ones): whichever fits the
    stated size of an FP32 file, four bytes a parameter; the given one where neither does.
    """
    stated = max((claim.value for claim in claims if claim.quantity is Quantity.PARAMETERS), default=None)
    candidates = [number for number in (given, stated) if number]
    wide = {variant.name for variant in variants if variant.bits == 32}
    sizes = [one for one in claims if one.quantity is Quantity.BYTES and one.variant in wide]
    fitting = (
        number
        for number in candidates
        if any(one.high >= _LEAST * 4 * number and one.low <= _MOST * 4 * number for one in sizes)
    )
    return next(fitting, candidates[0] if candidates else None)


def _commas(document: Document, variants: tuple[Variant, ...]) -> bool:
    """Whether decimals have commas; the points in variants' names tell nothing."""
    texts = []
    for block in document.blocks:
        if isinstance(block, Table):
            texts += [cell for row in (block.header, *block.rows) for cell in row.cells]
        elif isinstance(block, Line | Heading):
            texts.append(block.text)
    plain = []
    for raw in texts:
        text = normal(raw)
        for mention in mentions(text, variants):
            text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
        plain.append(text)
    return writes_commas("\n".join(plain))


def _settle_sizes(claims: Sequence[Claim], variants: Sequence[Variant], parameters: float | None) -> list[Claim]:
    """A size of a file with 32 bits a weight that has far fewer bytes is that of the archive it was put in.

    Only where the variant's full size or its deflation is stated too: else it may be a mistake.
    """
    bits = {variant.name: variant.bits for variant in variants}
    stated: dict[tuple[str, Quantity], list[Claim]] = defaultdict(list)
    for claim in claims:
        stated[claim.variant, claim.quantity].append(claim)
    settled = []
    for claim in claims:
        full = 4 * parameters if parameters and bits.get(claim.variant) == 32 else None
        zipped = claim.quantity is Quantity.BYTES and full is not None and _is_zipped(claim, full, stated)
        settled.append(replace(claim, quantity=Quantity.ZIP_BYTES) if zipped else claim)
    return settled


def _is_zipped(claim: Claim, full: float, stated: Mapping[tuple[str, Quantity], Sequence[Claim]]) -> bool:
    """Whether it is too small for the file while the file, or its deflation, is stated; or what that deflation leaves,
    saved and kept mistaken or not.
    """
    deflations = stated[claim.variant, Quantity.DEFLATION][:9]
    sizes = stated[claim.variant, Quantity.BYTES][:9]
    has_full = any(one.high >= _LEAST * full and one.low <= _MOST * full for one in sizes)
    if claim.high < _LEAST * full and (deflations or has_full):
        return True
    kept = claim.value / full
    shares = [share for one in deflations for share in (1 - one.value, one.value)]
    return any(abs(kept - share) < min(0.1, abs(kept - 1)) for share in shares)
