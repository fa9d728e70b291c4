"""Whether what a summary states can be true at all. Pure functions of its claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graders.written.claims.model import SHARES, SIZES, Check, Claim, Claims, Finding, Form, Quantity
from graders.written.claims.parser import parameters_of
from graders.written.claims.rendering import in_order, shown, stated
from graders.written.claims.variants import Variant

_LOOK_UP = "Check it against the metrics file or the listing of files and correct it."
_MARGIN = 0.01
# At most 258 bytes in 2 bits.
_MOST_DEFLATED = 1032
# A size that is stated to the byte stands for no more than one above.
_BYTE = 1


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What is possible, as data.

    ``fp32_share``: the least and most that an FP32 file may have of four bytes a parameter (BatchNorm is folded away,
    names are added); ``int8_share``: the same of one byte; ``extra_bytes``: what any file may have beyond that.
    ``deflation``: by how much a deflation may differ from 1 - zip/raw, headers and rounding considered.
    """

    fp32_share: tuple[float, float] = (0.75, 1.3)
    int8_share: tuple[float, float] = (0.75, 2.0)
    extra_bytes: float = 64 * 1024
    deflation: float = 0.02


def check_possible(
    claims: Claims, variants: Sequence[Variant], *, parameters: float | None = None, bounds: Bounds | None = None
) -> tuple[Finding, ...]:
    """What can't be true: shares outside of 0..1, files too small or large for the model, deflations that do not fit
    their sizes, qualities that exclude each other.

    :param parameters: the model's number of parameters, if it is known; else what the summary states of it.
    """
    bounds = bounds or Bounds()
    parameters = parameters_of(claims.claims, variants, parameters)
    findings = [*_out_of_range(claims), *_qualities(claims), *_archives(claims, variants)]
    findings += _sizes(claims, variants, parameters, bounds)
    inverted = list(_trends(claims, variants))
    # A summary that states remaining shares throughout gets one finding, for the trend.
    deflations = _deflations(claims, variants, parameters, bounds)
    findings += [one for one in deflations if one.check is not Check.INVERTED or not inverted]
    return in_order(findings + inverted)


def _out_of_range(claims: Claims) -> Iterator[Finding]:
    for claim in claims.claims:
        if claim.quantity in SHARES and (claim.low > 1 or claim.high < 0):
            yield _impossible(claim, "0 % to 100 %", "A factor of 100, a decimal sign or a column is wrong.")
        elif claim.quantity in SIZES | {Quantity.TIME_MS, Quantity.PARAMETERS} and claim.value <= 0:
            yield _impossible(claim, "more than 0", "The value is a difference, or was not measured.")


def _impossible(
    claim: Claim, expected: str, cause: str, others: Sequence[Claim] = (), next_step: str = _LOOK_UP
) -> Finding:
    return Finding(
        Check.IMPOSSIBLE,
        measured="; ".join(stated(one) for one in (claim, *others)),
        expected=expected,
        cause=cause,
        next=next_step,
        quotes=tuple(one.quote for one in (claim, *others)),
        variant=claim.variant,
        quantity=claim.quantity,
        sure=all(one.sure for one in (claim, *others)),
    )


def _sizes(claims: Claims, variants: Sequence[Variant], parameters: float | None, bounds: Bounds) -> Iterator[Finding]:
    if not parameters:
        return
    bits = {variant.name: variant.bits for variant in variants}
    for claim in claims.claims:
        known = {bits.get(name) for name in claim.variants}
        if claim.quantity is not Quantity.BYTES or len(known) != 1 or not known & {8, 32}:
            continue
        width = 4 if known == {32} else 1
        share = bounds.fp32_share if width == 4 else bounds.int8_share
        low, high = share[0] * width * parameters, share[1] * width * parameters + bounds.extra_bytes
        if claim.high < low or claim.low > high:
            usual = shown(Quantity.BYTES, width * parameters)
            yield _impossible(
                claim,
                f"about {usual}: {width} byte{'s' if width > 1 else ''} for each of {parameters:,.0f} parameters",
                "Another file was measured, such as the archive, the Keras model or a model with wrappers left in; "
                "or the unit is wrong.",
            )


def _qualities(claims: Claims) -> Iterator[Finding]:
    for variant in dict.fromkeys(claim.variant for claim in claims.claims):
        for group in _together(claims, variant):
            sensitivity, g_mean = group.get(Quantity.SENSITIVITY), group.get(Quantity.G_MEAN)
            if sensitivity and g_mean and g_mean.low > sensitivity.high:
                yield _impossible(
                    g_mean,
                    "a G-mean that is at most the mean sensitivity: a geometric mean is never above the arithmetic one",
                    "Columns are swapped, or the values are from different runs.",
                    [sensitivity],
                )
            yield from _extremes(group)


def _together(claims: Claims, variant: str) -> Iterator[dict[Quantity, Claim]]:
    """Qualities that stand together: in one table, or in lines that follow each other."""
    found: dict[tuple[str, int], dict[Quantity, Claim]] = {}
    last: Claim | None = None
    begins = 0
    for claim in claims.claims:
        if claim.variant != variant or claim.quantity not in SHARES - {Quantity.DEFLATION}:
            continue
        if claim.form is Form.TABLE:
            begins = claim.begins
        elif last is None or last.form is Form.TABLE or claim.place.line - last.place.line > 3:
            begins = claim.place.line
        last = claim
        found.setdefault((claim.place.file, begins), {}).setdefault(claim.quantity, claim)
    yield from found.values()


def _extremes(group: dict[Quantity, Claim]) -> Iterator[Finding]:
    accuracy = group.get(Quantity.ACCURACY)
    if accuracy is None:
        return
    if accuracy.value >= 1 and accuracy.low > 0.998:
        odd = [claim for claim in group.values() if claim.high < 0.9]
        cause = "With every prediction right, precision, sensitivity and G-mean are 100 % too."
    elif accuracy.value == 0 and accuracy.high < 0.001:
        odd = [claim for claim in group.values() if claim.low > 0.01]
        cause = "With no prediction right, precision, sensitivity and G-mean are 0 too."
    else:
        return
    if odd:
        yield _impossible(accuracy, "values that are possible together", cause, odd)


def _archives(claims: Claims, variants: Sequence[Variant]) -> Iterator[Finding]:
    """Archives that are not smaller than their file, though a TensorFlow Lite one always loses some percent; and those
    that are smaller than DEFLATE can make it.
    """
    plain = {variant.name for variant in variants if variant.bits}
    for claim in claims.claims:
        if claim.quantity is not Quantity.ZIP_BYTES or len(claim.variants) != 1:
            continue
        raws = claims.of(claim.variant, Quantity.BYTES)
        raw = next((one for one in raws if _is_stored(claim, one, claim.variant in plain)), None)
        if raw is not None:
            yield _impossible(
                claim,
                "an archive that is smaller than the file in it",
                "The archive was made without compression (ZIP_STORED), or the two values are swapped.",
                [raw],
                next_step="Make the archive with `zip`, or with ZIP_DEFLATED in Python; or swap the two values.",
            )
        tiny = next((one for one in raws if claim.high * _MOST_DEFLATED < one.low), None)
        if tiny is not None:
            yield _impossible(
                claim,
                f"an archive of at least a {_MOST_DEFLATED:,}th of the file, which is as much as DEFLATE can save",
                "The file is not in the archive: about 100 bytes are an empty folder.",
                [tiny],
                next_step="Add the .tflite file itself to the archive, and check with `unzip -l`.",
            )


def _is_stored(zipped: Claim, raw: Claim, plain: bool) -> bool:
    """Whether an archive is not smaller than its file, rounding and the kinds of kilobytes considered; by a margin
    where a figure is doubtful, or the file may be compressed itself.
    """
    if not (plain and zipped.sure and raw.sure):
        return raw.high < zipped.low * (1 - _MARGIN)
    to_the_byte = max(one.high - one.value for one in (zipped, raw)) <= _BYTE
    return zipped.low >= raw.high or (to_the_byte and zipped.value >= raw.value)


def _deflations(
    claims: Claims, variants: Sequence[Variant], parameters: float | None, bounds: Bounds
) -> Iterator[Finding]:
    """Deflation against 1 - zip/raw; where it is zip/raw, it is inverted."""
    for claim in claims.claims:
        if claim.quantity is not Quantity.DEFLATION or len(claim.variants) != 1:
            continue
        zipped = next(iter(claims.of(claim.variant, Quantity.ZIP_BYTES)), None)
        raw = _raw(claims, claim.variant, variants, parameters)
        if zipped is None or raw is None or raw.value <= 0 or zipped.value <= 0:
            continue
        room = bounds.deflation + zipped.value / raw.value * _doubt(zipped, raw)
        low, high = 1 - zipped.value / raw.value - room, 1 - zipped.value / raw.value + room
        if claim.low <= high and claim.high >= low:
            continue
        inverted = 1 - claim.high <= high and 1 - claim.low >= low
        yield _deflation(claim, zipped, raw, inverted)


def _doubt(zipped: Claim, raw: Claim) -> float:
    """How far the quotient of two sizes may be off, relatively: their last digits; and 1000 or 1024, unless the unit
    is the same for both, when it makes no difference.
    """
    digits = sum((claim.value - claim.low) / claim.value for claim in (zipped, raw))
    units = [(claim.high + claim.low) / claim.value for claim in (zipped, raw)]
    return digits + abs(units[0] - units[1])


def _raw(claims: Claims, variant: str, variants: Sequence[Variant], parameters: float | None) -> Claim | None:
    """The variant's own size; a clustered or pruned file is as large as the FP32 one."""
    own = next(iter(claims.of(variant, Quantity.BYTES)), None)
    if own is not None:
        return own
    bits = {item.name: item.bits for item in variants}
    plain = [item.name for item in variants if item.kind == "fp32"]
    if bits.get(variant) != 32:
        return None
    sizes = [claim for name in plain for claim in claims.of(name, Quantity.BYTES)]
    full = 4 * parameters if parameters else None
    fitting = [claim for claim in sizes if full is None or 0.75 * full <= claim.value <= 1.4 * full]
    return fitting[0] if fitting else None


def _deflation(claim: Claim, zipped: Claim, raw: Claim, inverted: bool) -> Finding:
    share = 1 - zipped.value / raw.value
    own = raw.variant == claim.variant
    return Finding(
        Check.INVERTED if inverted else Check.IMPOSSIBLE,
        measured=f"{stated(claim)}; {stated(zipped)}; {stated(raw)}",
        expected=f"a deflation of {shown(Quantity.DEFLATION, share)}: 1 - zipped size / file size",
        cause="The value is the remaining share, not the saved share."
        if inverted
        else "The values are of different files, or one of them is wrong.",
        next="State what `zip` prints as 'deflated': 1 - zipped size / file size.",
        quotes=(claim.quote, zipped.quote, raw.quote),
        variant=claim.variant,
        quantity=Quantity.DEFLATION,
        sure=claim.sure and zipped.sure and raw.sure and own,
    )


def _trends(claims: Claims, variants: Sequence[Variant]) -> Iterator[Finding]:
    """Fewer clusters and more zeros compress better; deflations that say the opposite throughout are inverted."""
    for kind, rising in (("clustered", False), ("pruned", True)):
        ordered = sorted((one.number, one.name) for one in variants if one.kind == kind and one.number is not None)
        found = [claim for _, name in ordered for claim in claims.of(name, Quantity.DEFLATION)[:1]]
        steps = [later.value - earlier.value for earlier, later in pairwise(found)]
        if len(found) >= 3 and all((step < 0) if rising else (step > 0) for step in steps):
            yield Finding(
                Check.INVERTED,
                measured="; ".join(stated(claim) for claim in found),
                expected="more deflation for " + ("more zeros" if kind == "pruned" else "fewer clusters"),
                cause="The values are the remaining shares, not the saved shares.",
                next="State what `zip` prints as 'deflated': 1 - zipped size / file size.",
                quotes=tuple(claim.quote for claim in found),
                variant=found[0].variant,
                quantity=Quantity.DEFLATION,
                sure=all(claim.sure for claim in found),
            )
