"""What a ``.tflite`` file costs on a microcontroller: flash, MACs, the memory arena, and the boards that it fits on."""
