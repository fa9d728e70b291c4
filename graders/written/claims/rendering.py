"""Figures and claims as people read them."""

from __future__ import annotations

from graders.written.claims.model import SHARES, SIZES, TITLES, Claim, Finding, Quantity


def shown(quantity: Quantity, value: float) -> str:
    """A value with its unit: 93.7 %, 4.17 ms, 131,072 bytes."""
    if quantity in SHARES:
        return f"{value * 100:.4g} %"
    if quantity is Quantity.TIME_MS:
        return f"{value:.4g} ms"
    return f"{value:,.0f} bytes" if quantity in SIZES else f"{value:,.0f}"


def stated(claim: Claim) -> str:
    """A claim with its place: accuracy of native 93.7 % (summary.md, line 8)."""
    whose = f" of {claim.variant}" if claim.variant else ""
    return f"{TITLES[claim.quantity]}{whose} {shown(claim.quantity, claim.value)} ({claim.place})"


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings by the first place that shows them, those without one first."""
    return tuple(sorted(findings, key=lambda one: [(quote.place.file, quote.place.line) for quote in one.quotes[:1]]))
