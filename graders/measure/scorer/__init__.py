"""The scorer: a sandboxed process (:mod:`.worker`) that reads and runs model files, and its :mod:`.client`."""
