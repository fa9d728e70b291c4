"""Results that are cached between gradings, by what they depend on: runs of a submission, and measurements."""

from graders.caching.codec import Blobs, cacheable, decode, encode
from graders.caching.fingerprints import Fingerprint, environment, environment_digest, files_digest
from graders.caching.store import FOLDER_VARIABLE, Store, default_folder, private_folder

__all__ = [
    "FOLDER_VARIABLE",
    "Blobs",
    "Fingerprint",
    "Store",
    "cacheable",
    "decode",
    "default_folder",
    "encode",
    "environment",
    "environment_digest",
    "files_digest",
    "private_folder",
]  # fmt: skip
