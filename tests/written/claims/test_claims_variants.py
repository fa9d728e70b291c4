"""Variants are known by the scripts' names and by what people call them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims import Variant
from graders.written.claims.normalization import normal
from graders.written.claims.variants import mentions

from .writing import BOTH, L02, L03, VARIANTS_L02

LABELS = {
    "native": ["native", "`native`", "Native model", "Keras", "Original (Keras)", "model natywny", "原始模型", "исходная"],
    "tflite-fp32": ["tflite-fp32", "FP32", "TFLite FP32", "float32", "TFLite", "tflite_fp32", "FP-32", "32-bit"],
    "tflite-int8-0.01": ["INT8 (1 %)", "int8-0.01", "INT8 0,01", "int8 calibrated with 1%"],
    "tflite-int8-0.08": ["INT8 0.08", "int8 (8 %)", "INT8 kalibriert mit 8 %", "tflite_int8_0.08", "INT8 – 8 % danych"],
    "tflite-int8-0.3": ["INT8 30%", "int8 0.3", "INT8 0.30", "TFLite INT8 (30 % калибровки)"],
    "tflite-int8-0.8": ["INT8-0.8", "8-bit, 80 %"],
    "tflite-imbint8": ["imbint8", "Imbalanced INT8", "IMB INT8", "INT8 (imbalanced)", "INT8 unausgewogen", "不平衡 INT8",
                       "niezbalansowany INT8", "INT8 déséquilibré", "несбалансированный INT8", "tflite-imb-int8"],
    "clustered-16-fp32": ["Clustered-16", "16 clusters", "Cluster 16", "num_clusters=16", "k=16 clusters", "16 klastrów",
                          "聚类 16", "кластеризация (16)", "クラスタ数 16", "16 Cluster, FP32", "clustered_16_fp32", "16个簇"],
    "clustered-2-fp32": ["Clustered-2-fp32", "2 clusters", "clustering with 2 clusters"],
    "pruned-0.5-fp32": ["Pruned 0.5", "pruned (50 %)", "sparsity 0.5", "sparsity=50%", "rzadkość 0,5", "剪枝 50%",
                        "Sparsität 50 %", "modèle élagué (50 %)", "разреженность 0,5", "PRUNED-0.5-FP32", "Pruning 50"],
    "pruned-0.2-fp32": ["Pruned 20%", "sparsity 0.2"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in LABELS.items() for text in texts])
def test_labels(name: str, text: str) -> None:
    """A cell or a heading names exactly one variant."""
    found = mentions(normal(text), BOTH, label=True)
    assert [mention.names for mention in found] == [(name,)]


@pytest.mark.parametrize(
    "text", ["", "Accuracy", "Intel i8", "50 %", "16", "Conv2D 3x3", "0.08", "results", "clusterless 3"]
)
def test_what_names_none(text: str) -> None:
    """Numbers alone, and other words, name no variant."""
    assert not any(mention.definite for mention in mentions(normal(text), BOTH, label=True))


@pytest.mark.parametrize(
    ("text", "family"), [("INT8", "tflite-int8"), ("clustered models", "clustered"), ("INT8: 30 %", "tflite-int8")]
)
def test_families(text: str, family: str) -> None:
    """Without its number, a kind is a family; a figure behind a colon is stated of it, not its number."""
    (found,) = mentions(normal(text), BOTH)
    assert len(found.names) > 1
    assert all(name.startswith(family) for name in found.names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("FP32 has 93.7 % and native 93.7 %", ["tflite-fp32", "native"]),
        ("16 clusters: 79.9 %, 32 clusters: 83.4 %", ["clustered-16-fp32", "clustered-32-fp32"]),
        ("the clustered model with 16 clusters", ["clustered-16-fp32"]),
        ("INT8 (tflite-int8-0.08)", ["tflite-int8-0.08"]),
        ("INT8模型（0.08）比FP32小", ["tflite-int8-0.08", "tflite-fp32"]),
        ("pruned model (sparsity 50 %) in 4.7 ms", ["pruned-0.5-fp32"]),
        ("the imbalanced INT8 model is worse", ["tflite-imbint8"]),
        ("the imbalanced one; of all others INT8 0.08 is best", ["tflite-imbint8", "tflite-int8-0.08"]),
        ("16 clusters, FP32, are the best", ["clustered-16-fp32"]),
        ("16 clusters are worse by far than the one in FP32", ["clustered-16-fp32", "tflite-fp32"]),
    ],
)
def test_names_in_sentences(text: str, names: list[str]) -> None:
    """Several variants in one sentence are found in order."""
    assert [mention.names for mention in mentions(normal(text), BOTH)] == [(name,) for name in names]


@pytest.mark.parametrize("name", L02 + L03)
def test_names_of_the_scripts_are_never_taken_for_another(name: str) -> None:
    """Each name is itself, however parts are joined, and no shorter one is found in it."""
    for text in (name, name.upper(), name.replace("-", "_"), name.replace("-", " "), f"img/{name}-confusion-matrix"):
        assert [mention.names for mention in mentions(normal(text), BOTH, label=True)] == [(name,)], text


@given(st.sampled_from(L02 + L03), st.sampled_from(L02 + L03))
def test_two_names_are_two(one: str, other: str) -> None:
    """Two names in a sentence are both found."""
    found = mentions(normal(f"from {one} to {other}"), BOTH)
    assert [mention.names for mention in found] == [(one,), (other,)]


def test_variants_know_their_number_and_bits() -> None:
    """A name tells kind, number and the bits of a weight."""
    assert Variant.named("tflite-int8-0.08") == Variant("tflite-int8-0.08", "int8", 0.08, 8)
    assert Variant.named("clustered-16-fp32") == Variant("clustered-16-fp32", "clustered", 16.0, 32)
    assert Variant.named("pruned-0.5-fp32").number == 0.5
    assert Variant.named("native").bits is None
    assert Variant.named("tflite-imbint8") == Variant("tflite-imbint8", "imbint8", None, 8)
    assert Variant.named("tflite-fp32", required=False) == Variant("tflite-fp32", "fp32", None, 32, required=False)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("of all the models that we have tried, pruned (50 %) is best", ["pruned (50 %"]),
        ("of all the models that we have tried, 16 clusters are best", ["16 clusters"]),
        ("聚类16的准确率", ["聚类16"]),
        ("16簇的准确率", ["16簇"]),
        ("FP32 (tflite-fp32) and native differ", ["fp32 (tflite-fp32", "native"]),
    ],
)
def test_where_a_name_stands(text: str, named: list[str]) -> None:
    """A name has its number with it, wherever it stands, and what is side by side is one name."""
    found = mentions(normal(text), BOTH)
    assert all(mention.definite for mention in found)
    assert [normal(text)[mention.start : mention.end] for mention in found] == list(map(normal, named))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("16 clusters, 32 clusters", ["clustered-16-fp32", "clustered-32-fp32"]),
        ("clusters 16 clusters 32", ["clustered-16-fp32", "clustered-32-fp32"]),
        ("不平衡INT8模型", ["tflite-imbint8"]),
        ("the INT8 imbalanced model", ["tflite-imbint8"]),
        ("INT8不平衡", ["tflite-imbint8"]),
    ],
)
def test_each_word_takes_what_is_nearest(text: str, names: list[str]) -> None:
    """Its own number, not that of the next one; and the INT8 of the imbalanced model is no model."""
    assert [mention.names for mention in mentions(normal(text), BOTH)] == [(name,) for name in names]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Model 2: 16 clusters", "clustered-16-fp32"),
        ("INT8 model, calibrated with a share of what there is for training: 0.08", "tflite-int8-0.08"),
        ("INT8 (1)", "tflite-int8-0.01"),
        ("INT8 model tflite-int8-0.08", "tflite-int8-0.08"),
    ],
)
def test_labels_are_one_thing(text: str, name: str) -> None:
    """Any number in a label may be that of the variant, however far away; of two, the nearer one."""
    assert [mention.names for mention in mentions(normal(text), BOTH, label=True)] == [(name,)]


def test_only_the_beginning_of_a_label_is_read() -> None:
    """A cell may have any length; of a sentence all is read."""
    text = "word " * 70 + "tflite-int8-0.08"
    assert mentions(text, BOTH, label=True) == ()
    assert [mention.names for mention in mentions(text, BOTH)] == [("tflite-int8-0.08",)]


@pytest.mark.parametrize("variant", BOTH, ids=lambda variant: variant.name)
def test_a_name_tells_the_kind(variant: Variant) -> None:
    """Where a kind has one variant only, and where it has several."""
    assert [mention.kind for mention in mentions(f"model {variant.name}", BOTH)] == [variant.kind]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("int8 (100 %)", ["tflite-int8-1.0"]),
        ("int8: 0.5 ms", ["tflite-int8-0.5", "tflite-int8-1.0"]),
        ("100 clusters", ["clustered-1-fp32", "clustered-2-fp32"]),
        ("clusters (200 %)", ["clustered-1-fp32", "clustered-2-fp32"]),
        ("2 clusters", ["clustered-2-fp32"]),
        ("pruned 0.5", ["pruned"]),
    ],
)
def test_what_may_be_a_number(text: str, names: list[str]) -> None:
    """All of the data are 100 %; a count is no percentage, a time no number, and a variant may have none."""
    given = ("tflite-int8-0.5", "tflite-int8-1.0", "clustered-1-fp32", "clustered-2-fp32", "pruned")
    assert {name for mention in mentions(text, tuple(map(Variant.named, given))) for name in mention.names} == set(
        names
    )


OTHERS = (
    Variant.named("native"),
    Variant.named("tflite-fp32"),
    Variant.named("tflite-int8-Full"),
    Variant.named("int8-0.25"),
    Variant.named("clustered-64-fp32"),
    Variant.named("QAT-Large", names=("Quantisation Aware", "")),
    Variant.named("tiny-net", names=("sparse-ish-fp32",)),
    Variant.named("wide", names=("tiny net wide",)),
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int8-full", "tflite-int8-Full"),
        ("tflite_int8_full", "tflite-int8-Full"),
        ("tflite int8 0,25", "int8-0.25"),
        ("clustered-64", "clustered-64-fp32"),
        ("clustered 64 fp32", "clustered-64-fp32"),
        ("qat large", "QAT-Large"),
        ("quantisation-aware", "QAT-Large"),
        ("tiny_net", "tiny-net"),
        ("sparse-ish", "tiny-net"),
        ("tiny net wide", "wide"),
        ("wide", "wide"),
        ("tflite-fp32", "tflite-fp32"),
        ("fp32", "tflite-fp32"),
    ],
)
def test_names_in_any_spelling(text: str, name: str) -> None:
    """In any case, with and without tflite- and -fp32, with any sign between the parts; the longest name counts."""
    assert [mention.names for mention in mentions(f"the {text} model", OTHERS)] == [(name,)]


@pytest.mark.parametrize("text", ["something - else", "int8-fuller", "tiny-net2"])
def test_what_is_no_name(text: str) -> None:
    """An empty name names nothing, and a name is not part of a longer word or number."""
    assert not any(mention.names == ("QAT-Large",) or mention.definite for mention in mentions(text, OTHERS[2:]))


def test_only_what_a_lab_asks_for_is_named() -> None:
    """Without variants nothing is; a kind that is none of the lab's is no name."""
    assert mentions("native", ()) == ()
    assert mentions("pruned 0.5, clustered", VARIANTS_L02) == ()


def test_other_labs_may_bring_names_of_their_own() -> None:
    """A variant of any kind is known by its name and by further ones."""
    variants = (Variant.named("baseline"), Variant.named("qat", names=("quantisation aware",)))
    assert mentions("quantisation aware", variants, label=True)[0].names == ("qat",)
    assert mentions("baseline", variants, label=True)[0].names == ("baseline",)
