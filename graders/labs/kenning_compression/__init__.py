"""The lab on Kenning's pruning and clustering of Keras models."""
