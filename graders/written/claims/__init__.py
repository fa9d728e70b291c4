"""What a summary claims, whatever language it is written in, and whether that can be true.

``find_claims`` reads figures out of Markdown; the checks are pure functions of what was read; ``review_summary`` does
all of it for a submission. A summary is text and nothing else, and no file outside of the submission is opened.
"""

from graders.written.claims.answers import Answer, Question, find_answers
from graders.written.claims.completeness import ALWAYS, check_complete
from graders.written.claims.contradictions import Tolerance, check_contradictions, check_evidence, meant
from graders.written.claims.coverage import Coverage, coverage_of
from graders.written.claims.document import Document, read_document
from graders.written.claims.image_claims import Shown, check_images, look_at_images
from graders.written.claims.model import (
    MODEL,
    QUALITY,
    Basis,
    Blank,
    Check,
    Claim,
    Claims,
    Finding,
    Form,
    Place,
    Quantity,
    Quote,
)
from graders.written.claims.parser import find_claims
from graders.written.claims.pictures import NotAnImage, Picture, picture
from graders.written.claims.placeholders import check_placeholders
from graders.written.claims.plausibility import Bounds, check_possible
from graders.written.claims.review import (
    ReadSummary,
    Review,
    SummaryRules,
    claims_of,
    read,
    review_read,
    review_summary,
)
from graders.written.claims.summaries import Summary, SummaryFile, read_summary
from graders.written.claims.variants import Variant

__all__ = [
    "ALWAYS",
    "MODEL",
    "QUALITY",
    "Answer",
    "Basis",
    "Blank",
    "Bounds",
    "Check",
    "Claim",
    "Claims",
    "Coverage",
    "Document",
    "Finding",
    "Form",
    "NotAnImage",
    "Picture",
    "Place",
    "Quantity",
    "Question",
    "Quote",
    "ReadSummary",
    "Review",
    "Shown",
    "Summary",
    "SummaryFile",
    "SummaryRules",
    "Tolerance",
    "Variant",
    "check_complete",
    "check_contradictions",
    "check_evidence",
    "check_images",
    "check_placeholders",
    "check_possible",
    "claims_of",
    "coverage_of",
    "find_answers",
    "find_claims",
    "look_at_images",
    "meant",
    "picture",
    "read",
    "read_document",
    "read_summary",
    "review_read",
    "review_summary",
]
