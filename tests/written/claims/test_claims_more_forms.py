"""Forms in which people state figures: printed tables, short names, listings of archives, sizes without a unit."""

from __future__ import annotations

import pytest

from graders.written.claims import Claims, Quantity, Variant, find_claims

Q = Quantity
NAMES = ("tflite-fp32", "clustered-2-fp32", "clustered-16-fp32", "pruned-0.2-fp32", "pruned-0.5-fp32")
VARIANTS = tuple(Variant.named(name) for name in NAMES)
INT8 = (*(Variant.named(f"tflite-int8-{share}") for share in (0.01, 0.08, 0.3, 0.8)), Variant.named("native"))


def values(claims: Claims, quantity: Quantity) -> dict[str, float]:
    return {claim.variant: claim.value for claim in claims.claims if claim.quantity is quantity}


def of(text: str, quantity: Quantity, variants: tuple[Variant, ...] = VARIANTS) -> dict[str, float]:
    return values(find_claims(text, variants), quantity)


PRINTED = {
    "spaces": "model             accuracy  time (ms)\nclustered-2-fp32    0.0135  0.11\npruned-0.5-fp32     0.7185  0.1",
    "data frame": "                  accuracy  time (ms)\nclustered-2-fp32    0.0135  0.11\npruned-0.5-fp32     0.7185  0.1",
    "commas": "model,accuracy,time (ms)\nclustered-2-fp32,0.0135,0.11\npruned-0.5-fp32,0.7185,0.1",
    "semicolons": "model;accuracy;time (ms)\nclustered-2-fp32;0.0135;0.11\npruned-0.5-fp32;0.7185;0.1",
    "tabs": "model\taccuracy\ttime (ms)\nclustered-2-fp32\t0.0135\t0.11\npruned-0.5-fp32\t0.7185\t0.1",
    "strokes": "+---+---+---+\n| model | accuracy | time (ms) |\n+===+===+===+\n| clustered-2-fp32 | 0.0135 | 0.11 |\n"
               "+---+---+---+\n| pruned-0.5-fp32 | 0.7185 | 0.1 |\n+---+---+---+",
}  # fmt: skip


@pytest.mark.parametrize("form", PRINTED)
def test_a_table_in_a_block_of_code_is_read(form: str) -> None:
    """By columns, with the lines that they stand on."""
    claims = find_claims(f"# Lab\n\n```\n{PRINTED[form]}\n```\n", VARIANTS)
    assert values(claims, Q.ACCURACY) == {"clustered-2-fp32": 0.0135, "pruned-0.5-fp32": 0.7185}
    assert values(claims, Q.TIME_MS) == {"clustered-2-fp32": 0.11, "pruned-0.5-fp32": 0.1}
    first = next(line for line, text in enumerate(PRINTED[form].splitlines(), start=4) if "clustered" in text)
    assert {claim.place.line for claim in claims.claims if claim.variant == "clustered-2-fp32"} == {first}


@pytest.mark.parametrize(
    "text",
    ["a  b\n1  2", "step  loss  note\n1  0.5  good\n2  0.4  better", "total 12\n4 a.tflite\n8 b.tflite", "", "x"],
)
def test_other_code_is_no_table(text: str) -> None:
    """Two columns, words at the end, listings."""
    assert find_claims(f"```\n{text}\n```\n", VARIANTS).claims == ()


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("k=16", "clustered-16-fp32"), ("K = 2", "clustered-2-fp32"), ("c16", "clustered-16-fp32"),
        ("cluster-16", "clustered-16-fp32"), ("clustered2", "clustered-2-fp32"), ("cluster_16", "clustered-16-fp32"),
        ("s=0.5", "pruned-0.5-fp32"), ("p20", "pruned-0.2-fp32"), ("p = 50 %", "pruned-0.5-fp32"),
        ("prune-0.2", "pruned-0.2-fp32"), ("sparsity0,5", "pruned-0.5-fp32"),
        ("k=3", ""), ("x16", ""), ("cluster-3", "clustered-*"), ("v2", ""),
    ],
)  # fmt: skip
def test_names_of_a_letter_or_with_a_number_joined(label: str, name: str) -> None:
    """In a table's cell; a number that is no variant's names none."""
    found = of(f"| model | accuracy | time |\n|---|---|---|\n| {label} | 0.5 | 1 ms |\n", Q.ACCURACY)
    assert found == ({name: 0.5} if name else {})


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("quantized 1 %", "tflite-int8-0.01"), ("8% calibration", "tflite-int8-0.08"), ("Kalibrierung 0,3",
         "tflite-int8-0.3"), ("kwantyzacja 80%", "tflite-int8-0.8"), ("quantized 3 %", ""), ("calibration 8", ""),
        ("8 % of 30 % quantized", ""), ("30 %", ""),
    ],
)  # fmt: skip
def test_int8_models_by_their_calibration(label: str, name: str) -> None:
    """Where the label says nothing else; a bare whole number may count anything."""
    found = of(f"| model | accuracy | time |\n|---|---|---|\n| {label} | 0.5 | 1 ms |\n", Q.ACCURACY, INT8)
    assert found == ({name: 0.5} if name else {})


@pytest.mark.parametrize(
    ("line", "size", "packed", "share"),
    [
        ("126504  Defl:N    28536  78% 2026-10-05 16:00 1a2b3c4d  pet.clustered-2-fp32.tflite", 126504, 28536, 0.78),
        ("-rw-r--r--  3.0 unx   126504 bx 78% defN 26-Oct-05 16:00 clustered-2-fp32.tflite", 126504, None, 0.78),
        ("-rw-r--r--  3.0 unx   126504 bX    28536 defN 26-Oct-05 16:00 clustered-2-fp32.tflite", 126504, 28536, None),
        ("  28536      126504  77.5% build/clustered-2-fp32.tflite", 126504, 28536, 0.775),
        ("2026-10-05 16:00:00 ....A  126504  28536  clustered-2-fp32.tflite", 126504, 28536, None),
        ("126504  2026-10-05 16:00   clustered-2-fp32.tflite", 126504, None, None),
        ("126504  Defl:N    28536  78% 2026-10-05 16:00 1a2b3c4d  clustered-2-fp32.h5", None, None, None),
        ("1012032           478310  53%                            8 files", None, None, None),
    ],
)
def test_listings_of_archives(line: str, size: int | None, packed: int | None, share: float | None) -> None:
    """Size, compressed size and deflation of a .tflite file; of nothing else."""
    claims = find_claims(f"```\n{line}\n```\n", VARIANTS)
    for quantity, value in ((Q.BYTES, size), (Q.ZIP_BYTES, packed), (Q.DEFLATION, share)):
        assert values(claims, quantity) == ({} if value is None else {"clustered-2-fp32": pytest.approx(value)})


DEFLATED = {"clustered-2-fp32": 92, "clustered-16-fp32": 76, "pruned-0.2-fp32": 20}


def sections(whole: float, form: str = "{:.0f}") -> str:
    return "".join(
        f"## {name}\n\n- deflated {share}%\n- size {form.format(whole * (1 - share / 100))}\n\n"
        for name, share in DEFLATED.items()
    )


def test_sizes_without_a_unit_that_fit_their_deflations() -> None:
    """They are the archives', in the unit that a model of their size must have."""
    found = of(sections(16116), Q.ZIP_BYTES)
    assert found == {"clustered-2-fp32": 1289e3, "clustered-16-fp32": 3868e3, "pruned-0.2-fp32": 12893e3}
    assert of(sections(16.1, "{:.1f} size"), Q.ZIP_BYTES)["pruned-0.2-fp32"] == pytest.approx(12.9e6)
    assert of(sections(126504), Q.BYTES)["pruned-0.2-fp32"] == 101203


def test_sizes_without_a_unit_that_do_not_fit() -> None:
    """Numbers that agree with no deflation and not with each other state no size."""
    text = sections(16116).replace("size 1289", "size 7289").replace("size 3868", "size 9123")
    assert "clustered-16-fp32" not in of(text, Q.ZIP_BYTES) | of(text, Q.BYTES)


def test_files_of_one_size_without_a_unit() -> None:
    """Float files of one network are as large, whatever they hold."""
    text = "| model | size | deflated |\n|---|---|---|\n" + "".join(
        f"| {name} | 9 116 | {share}% |\n" for name, share in DEFLATED.items()
    )
    assert of(text, Q.BYTES) == dict.fromkeys(DEFLATED, 9116e3)


INT8_SIZES = {"tflite-int8-0.01": 61640.0, "tflite-int8-0.08": 61640.0}


@pytest.mark.parametrize(
    "text",
    [
        "Sizes: FP32 126504 B, INT8 61640 B (2.05 times smaller)",
        "- tflite-int8-0.01, tflite-int8-0.08: 61640 B",
        "The FP32 file has 126504 bytes, every INT8 file (imbint8 too)\n61640 bytes, which is the 0.49-fold.",
    ],
)
def test_one_size_for_several_variants(text: str) -> None:
    """An aside that compares is no size, a label may name several variants, and a sentence may go on in the next line."""
    variants = tuple(Variant.named(name) for name in ("tflite-fp32", *INT8_SIZES, "tflite-imbint8"))
    claims = find_claims(text, variants).claims
    found = {name: claim.value for claim in claims for name in claim.variants if claim.quantity is Quantity.BYTES}
    assert found.items() >= INT8_SIZES.items()
    assert found.get("tflite-fp32", 126504) == 126504


@pytest.mark.parametrize("text", ["INT8 is smaller than FP32: 61640 B against 126504 B", "The INT8 files are smaller than the FP32 file by 64864 B"])
def test_a_comparison_is_no_size_of_several(text: str) -> None:
    """What speaks of a difference states nothing of all that it names."""
    variants = tuple(Variant.named(name) for name in ("tflite-fp32", *INT8_SIZES))
    assert all(len(claim.variants) < 3 for claim in find_claims(text, variants).claims)
