"""Which stage of the notebook lab a label names, in several languages."""

from __future__ import annotations

import pytest

from graders.labs.mnist_compression.stage_labels import QUANTIZED, stage_of


@pytest.mark.parametrize(
    "label, stage",
    [
        ("baseline Keras model", "baseline"), ("non_quantized.h5", "baseline"), ("baseline weights", "baseline"),
        ("non_quantized.tflite", "tflite"), ("TFLite", "tflite"), ("TFLite zonder kwantisatie", "tflite"),
        ("post_training_quantized.tflite", "ptq"), ("PTQ", "ptq"), ("dynamic range quantisation", "ptq"), ("FILE_PT_QUANTIZED", "ptq"),
        ("quantization aware non-quantized", "qat"), ("QAT", "qat"), ("q_aware_model", "qat"),
        ("quantization aware quantized", "qat_tflite"), ("quant_aware_quantized.tflite", "qat_tflite"), ("QAT TFLite", "qat_tflite"),
        ("pruned model h5", "pruned"), ("model_for_pruning", "pruned"), ("pruned_model.keras", "pruned"),
        ("pruned_non_quantized.tflite", "pruned_tflite"), ("pruned TFLite", "pruned_tflite"),
        ("pruned_quantized.tflite", "pruned_quantized"), ("pruned and quantized tflite", "pruned_quantized"),
        ("quantized tflite", QUANTIZED), ("int8", QUANTIZED), ("loss", None), ("", None),
        ("pruned+PTQ", "pruned_quantized"), ("Baseline TFLite (float)", "tflite"), ("Quantized (dynamic range)", "ptq"),
        ("Modèle de base", "baseline"), ("Modèle élagué", "pruned"), ("Quantification post-entraînement", "ptq"),
        ("Entraînement conscient de la quantification", "qat"), ("TFLite sans quantification", "tflite"),
        ("Cuantización posterior al entrenamiento", "ptq"), ("Modelo podado y cuantizado", "pruned_quantized"),
        ("Modello originale", "baseline"), ("Modello potato", "pruned"), ("Kvantizace po tréninku", "ptq"), ("Základní model", "baseline"),
        ("Обрізана та квантована модель", "pruned_quantized"), ("Квантування після навчання", "ptq"),
        ("Навчання з урахуванням квантування", "qat"), ("Квантование после обучения", "ptq"), ("ベースライン", "baseline"),
        ("枝刈り後", "pruned"), ("訓練後量子化", "ptq"), ("量子化認識訓練", "qat"), ("量化感知训练(TFLite)", "qat_tflite"),
    ],
)  # fmt: skip
def test_the_stage_that_a_label_names(label, stage):
    assert stage_of(label) == stage
