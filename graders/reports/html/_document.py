"""The page that pytest-html wrote, made accessible to everybody: a language, landmarks, names for controls, no way out.

pytest-html has no hook for its frame, so its file is finished after it is written. Only text of its
template is looked for; whatever a submission says is escaped there and can't look like it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

_FILTER = re.compile(
    r'<input checked="true" class="filter" name="filter_checkbox" type="checkbox" data-test-result="(\w+)"'
)
_RELOAD = re.compile(r'<div class="summary__reload">.*?</div>\s*</div>\s*</div>', re.DOTALL)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {scripts}; base-uri 'none'; "
    "form-action 'none'"
)
_NO_SCRIPT = "'none'"
_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1"/>'


def finish_page(page: str) -> str:
    """Return the whole page with what assistive technology needs, and with a policy that lets it fetch nothing.

    The scripts that may run are pytest-html's own, named by their hashes: no other would, wherever it came from. What
    offers to reload the page while tests go on is left out, since the page is written once, at the end.
    """
    head, body = page.split("<body>", 1)
    body, footer = body.rsplit("<footer>", 1)
    policy = _policy(" ".join(_hash(script) for script in _SCRIPT.findall(footer)))
    head = head.replace("<html>", '<html lang="en">', 1)
    head = head.replace('<meta charset="utf-8"/>', f'<meta charset="utf-8"/>\n    {policy}\n    {_VIEWPORT}', 1)
    body = _RELOAD.sub("", body, count=1)
    body = _FILTER.sub(r'\g<0> aria-label="Show tests that are \1"', body)
    return f"{head}<body>\n<main>{body}</main>\n<footer>{footer}"


def whole_page(title: str, body: str) -> str:
    """Return a page around `body`; both are HTML already."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
{_policy("")}
{_VIEWPORT}
<title>{title}</title>
</head>
<body>
<main>
<h1 id="title">{title}</h1>
{body}
</main>
</body>
</html>
"""


def _policy(scripts: str) -> str:
    return f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(scripts=scripts or _NO_SCRIPT)}"/>'


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
