"""Keep secrets out of the log, whoever writes the line."""

from __future__ import annotations

import logging
import re
from typing import Final

# Three-part Discord tokens, our own keys, and credentials inside addresses.
_SECRETS: Final = re.compile(
    r"[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}"
    r"|mjp_[\w-]{16,}"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


class SecretFilter(logging.Filter):
    """Replace anything that looks like a token in a finished line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        cleaned = _SECRETS.sub("***", message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _SECRETS.sub("***", text)
        return True
