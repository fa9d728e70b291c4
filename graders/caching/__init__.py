"""Results that are kept between gradings, by what they depend on: runs of a submission, and measurements."""

from graders.caching.codec import Blobs, decode, encode, keepable
from graders.caching.fingerprints import Fingerprint, environment, environment_digest, files_digest
from graders.caching.store import Store, default_folder

__all__ = [
    "Blobs", "Fingerprint", "Store", "decode", "default_folder", "encode", "environment", "environment_digest",
    "files_digest", "keepable",
]  # fmt: skip
