"""Who a recording came from, by what its header says: a key, never the words.

The patient field of EDF+ is a code, a sex, a birth date and a name, each X where it is not told;
in plain EDF it is free text. A code or a name identifies a person; sex, date and age do not, nor
do the words that programs write in their place.
"""

import hashlib
import re
import secrets

_SALT = secrets.token_bytes(16)

_DATE = re.compile(r"\b(\d{1,2}[-/.](\d{1,2}|[a-z]{3})[-/.](\d{4}|\d{2})|\d{4}-\d{2}-\d{2})\b")
_NOT_TOLD = re.compile(r"\bn[/.]a\b")
_NOBODY = re.compile(
    r"x+|0+|m|f|male|female|man|woman|sex|age|\d{0,3}(y|yr|yrs|year|years|yo)|na|nn|nil|none|null|"
    r"no|name|not|given|unknown|undisclosed|unnamed|nobody|anon\w*|de|identified|deidentified|"
    r"pseudonym\w*|removed|redacted|hidden|private|patient|subject|person"
)


def person_key(field: str) -> str | None:
    """Make a key of a patient field, equal for fields of one person; None if it names nobody.

    It is salted anew in each process: it tells whether two files are of one person, and nothing
    else.

    Examples
    --------
    >>> person_key("X F X Female_33yr") is None
    True
    >>> person_key("P7 M X X") == person_key("P7 M 03-APR-1950 X") != person_key("P8 M X X")
    True
    """
    said = _NOT_TOLD.sub(" ", field.casefold())
    parts = said.split()
    if len(parts) > 3 and parts[1] in ("m", "f", "x"):  # EDF+; what follows the name is anything
        said = f"{parts[0]} {parts[3]}"
    else:
        said = _DATE.sub(" ", said)
    words = [word for word in re.findall(r"[^\W_]+", said) if not _NOBODY.fullmatch(word)]
    if not words:
        return None
    return hashlib.blake2b(" ".join(words).encode(), key=_SALT, digest_size=8).hexdigest()
