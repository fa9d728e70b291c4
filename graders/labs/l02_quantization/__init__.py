"""Lab ``l02_quantization``: TensorFlow Lite conversion and INT8 quantisation."""
