"""Lab 2: TensorFlow Lite conversion and INT8 quantisation."""
