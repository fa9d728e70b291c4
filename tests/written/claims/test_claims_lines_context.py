"""Whose figures a line states: headings, lines that introduce a variant, clauses, and how sure a line is."""

from __future__ import annotations

import pytest

from graders.written.claims import MODEL, Basis, Claim, Form, Quantity, find_claims
from graders.written.claims.lines import MAX_FIGURES, MAX_QUOTE

from .writing import BOTH

Told = tuple[str, Quantity, float]
Q = Quantity
FP32, INT8 = "tflite-fp32", "tflite-int8-0.08"


def read(text: str) -> tuple[Claim, ...]:
    return find_claims(text, BOTH).claims


def told(text: str) -> list[Told]:
    return [(claim.variant, claim.quantity, round(claim.value, 6)) for claim in read(text)]


@pytest.mark.parametrize(
    ("above", "variant"),
    [
        ("Results of the model native:", "native"),
        ("### INT8 0.08\n\nModel type: native", "native"),
        ("## native\n\n- same speed as FP32", "native"),
        ("## native\n\n- as fast as FP32 (4.2 ms)", "native"),
        ("## INT8 0.08\n\n- 53.5 KB, smaller than FP32", INT8),
        ("## INT8 0.08\n\n- 53.5 KB (FP32: 112.9 KB)", INT8),
        ("## native\n\nIn the end we took the FP32 model for the little application on our phones.", "native"),
        ("Model type: native\n\nIt was measured on one machine, on which nothing else ran in all of that time.", "native"),
    ],
)  # fmt: skip
def test_whose_the_next_line_is(above: str, variant: str) -> None:
    """A variant is introduced by a heading or by a line that says little else, not by one that compares with it."""
    assert told(f"{above}\n\n- accuracy: 0.93")[-1] == (variant, Q.ACCURACY, 0.93)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("53.5 KB, smaller than FP32", [(INT8, Q.BYTES, 53_500)]),
        ("53.5 KB (FP32: 112.9 KB)", [(INT8, Q.BYTES, 53_500), (FP32, Q.BYTES, 112_900)]),
        ("准确率 92.1%，原生93.2%", [(INT8, Q.ACCURACY, 0.921)]),
        ("准确率 92.1%FP32： 准确率 93.2%", [(INT8, Q.ACCURACY, 0.921), (FP32, Q.ACCURACY, 0.932)]),
    ],
)
def test_two_variants_in_a_line(line: str, expected: list[Told]) -> None:
    """Below a heading, the figures before another one's name are those of the heading's."""
    assert told(f"## INT8 0.08\n\n- {line}\n") == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("I packed FP32 and wrote down how large its archive is, 53.5 KB.", [(FP32, Q.ZIP_BYTES, 53_500)]),
        ("I made the archive of FP32, as all of us did in this lab on Monday, 53.5 KB.", [(FP32, Q.ZIP_BYTES, 53_500)]),
        ("The archive of FP32 has, as far as I can see, 28,736 bytes or 28.7 KB.", [(FP32, Q.ZIP_BYTES, 28_736)]),
        ("FP32 is so small that I measured it twice, 53.5 KB, and then again as an archive, 53.5 KB.",
         [(FP32, Q.BYTES, 53_500), (FP32, Q.ZIP_BYTES, 53_500)]),
        ("FP32 is much smaller and simpler than I thought, its accuracy is 93.7 %.", [(FP32, Q.ACCURACY, 0.937)]),
        ("FP32 is much smaller and simpler than I thought, 93.7 % accuracy.", [(FP32, Q.ACCURACY, 0.937)]),
        ("FP32 is then much smaller and worse than native on this machine, 93.7 %.", []),
        ("For native, as for FP32, I found that all is well, and an accuracy of 93.7 %.", []),
        ("I wrote down all 16 clusters and looked at the time, 4.2 ms.", [("clustered-16-fp32", Q.TIME_MS, 4.2)]),
    ],
)  # fmt: skip
def test_what_earlier_clauses_tell(sentence: str, expected: list[Told]) -> None:
    """The variant, the archive, and a comparison where the clause has no words of its own."""
    assert told(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("FP32 and native have both an accuracy of 93.7 % and 32,021 parameters in all.", [(MODEL, Q.PARAMETERS, 32_021)]),
        ("FP32 takes 4.2 ms or 4.3 ms with an accuracy of 93.7 % on this quite old machine.",
         [(FP32, Q.TIME_MS, 4.2), (FP32, Q.ACCURACY, 0.937)]),
        ("经过多次测量之后我们得到的准确率是93.7%原生模型的时间我们还不知道而且也不想知道。", []),
        ("The accuracy of native got worse by 0.1 % on this machine and for FP32 by 0.3 % in all.", []),
        ("The model has 100 parameters.", [(MODEL, Q.PARAMETERS, 100)]),
        ("The model has 99 parameters.", []),
    ],
)  # fmt: skip
def test_what_a_sentence_states(sentence: str, expected: list[Told]) -> None:
    """One figure of a kind, behind the name; none where it compares; a model's parameters whatever it names."""
    assert told(sentence) == expected


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("FP32 accuracy in our last run 93.7", Form.LINE),
        ("FP32 accuracy in our very last run 93.7", Form.PROSE),
        (f"FP32 accuracy: {'so ' * 11}93.7", Form.LINE),
        (f"FP32 accuracy: {'so ' * 12}93.7", Form.PROSE),
        (f"- FP32 accuracy {'so ' * 25}93.7", Form.LINE),
        (f"- FP32 accuracy {'so ' * 26}93.7", Form.PROSE),
        ("FP32模型在测试集上的总准确率是93.7%", Form.LINE),
        ("FP32模型在此测试集上的总准确率是93.7%", Form.PROSE),
        ("- FP32 accuracy with less noise is 93.7", Form.LINE),
    ],
)
def test_a_label_is_short(text: str, form: Form) -> None:
    """Seven words, twice as many with a colon, four times as many in a list; two characters of Chinese are a word."""
    (claim,) = read(text)
    assert claim.form is form


@pytest.mark.parametrize("text", ["FP32 accuracy with less noise 93.7", "- FP32 accuracy with much less noise is 93.7"])
def test_a_comparison_is_a_sentence_sooner(text: str) -> None:
    """In a paragraph always, in a list from eight words on: it states nothing then."""
    assert read(text) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0.02 ms faster", []),
        ("0.02毫秒更快", []),
        ("accuracy 0.002 worse", []),
        ("accuracy: 93.7 %, 0.2 % worse", [(FP32, Q.ACCURACY, 0.937)]),
        ("0.02 ms faster, accuracy 93.7 %", [(FP32, Q.ACCURACY, 0.937)]),
        ("93.7 % accuracy, better", [(FP32, Q.ACCURACY, 0.937)]),
        ("53.5 KB, smaller", [(FP32, Q.BYTES, 53_500)]),
    ],
)
def test_differences_in_short_lines(line: str, expected: list[Told]) -> None:
    """A figure right before "faster" is a difference; others in such a line may be values."""
    claims = read(f"### FP32\n\n- {line}\n")
    assert [(claim.variant, claim.quantity, round(claim.value, 6)) for claim in claims] == expected
    assert all(claim.basis is Basis.GUESS for claim in claims)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FP32: 4.2 ms, native: 47.0 ms", [(FP32, Q.TIME_MS, 4.2), ("native", Q.TIME_MS, 47.0)]),
        ("准确率：FP32 93.7%，原生93.2%", [(FP32, Q.ACCURACY, 0.937), ("native", Q.ACCURACY, 0.932)]),
        ("FP32: 11 KB, native: 47.0 ms", [(FP32, Q.BYTES, 11_000), ("native", Q.TIME_MS, 47.0)]),
        ("accuracy: FP32 93.7 %, native 47.0 ms", [(FP32, Q.ACCURACY, 0.937)]),
        ("FP32: 93.7 %, native: 94.1 %", []),
        ("FP32: accuracy 0.937, INT8 (8 %): precision 0.921", []),
    ],
)
def test_several_variants_in_turn(line: str, expected: list[Told]) -> None:
    """Each has the figure behind its name, if one word or the units tell of what."""
    assert told(f"- {line}") == expected
    assert all(claim.basis is Basis.ORDER for claim in read(f"- {line}"))


def test_a_line_of_too_many_figures_is_not_read() -> None:
    """It is no statement but a dump."""
    line = "- FP32: accuracy 93.7 %" + " 1" * (MAX_FIGURES - 1)
    assert told(line) == [(FP32, Q.ACCURACY, 0.937)]
    assert told(f"{line} 1") == []


def test_a_long_line_is_quoted_in_part() -> None:
    """A quotation has so many characters at most, the last of which says that more follows."""
    line = "FP32: accuracy 93.7 % ".ljust(MAX_QUOTE, "x")
    assert [claim.text for claim in read(f"- {line}")] == [line]
    assert [claim.text for claim in read(f"- {line}x")] == [f"{line[:-1]}…"]
