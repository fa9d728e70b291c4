"""Variants are known by the scripts' names and by what people call them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.evidence.claims import Variant
from graders.evidence.claims.normal import normal
from graders.evidence.claims.variants import mentions

from .writing import BOTH, L02, L03

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


@settings(deadline=None)
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


def test_other_labs_may_bring_names_of_their_own() -> None:
    """A variant of any kind is known by its name and by further ones."""
    variants = (Variant.named("baseline"), Variant.named("qat", names=("quantisation aware",)))
    assert mentions("quantisation aware", variants, label=True)[0].names == ("qat",)
    assert mentions("baseline", variants, label=True)[0].names == ("baseline",)
