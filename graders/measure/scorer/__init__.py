"""The scorer: a sandboxed process that reads and runs model files (:mod:`.worker`), and its :mod:`.client`."""
