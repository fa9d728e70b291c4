"""Measuring artefacts: the .tflite reader, the scorer process, evaluation, calibration, codes, latency, sizes."""
