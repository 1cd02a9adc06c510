"""Files that users sent: uploads, and the bytes of attachments."""

from dataclasses import dataclass, field

KEEP = 10_000  # attachments whose bytes are remembered


class NoUpload(LookupError):
    """There is no upload of this key in the wanted state."""


@dataclass
class Upload:
    """An announced file; `data` is set by the PUT."""

    name: str  # the key that later requests use
    filename: str
    size: int
    expires: float  # seconds of the wall clock
    data: bytes | None = None


@dataclass
class Files:
    """Uploads by key, and the bytes of attachments by id. In memory only."""

    _uploads: dict[str, Upload] = field(default_factory=dict)
    _attached: dict[str, bytes] = field(default_factory=dict)

    def expect(self, upload: Upload, now: float) -> None:
        """Record an announced upload; expired ones are dropped."""
        self._uploads = {k: u for k, u in self._uploads.items() if u.expires > now}
        self._uploads[upload.name] = upload

    def waiting(self, name: str, now: float) -> Upload:
        """Return the upload that has no bytes yet; raises NoUpload."""
        upload = self._uploads.get(name)
        if upload is None or upload.data is not None or upload.expires <= now:
            raise NoUpload(name)
        return upload

    def take(self, names: list[str], now: float) -> list[Upload]:
        """Use up finished uploads, all or none; raises NoUpload."""
        if len(set(names)) < len(names):
            raise NoUpload(", ".join(names))
        found = [self._uploads.get(name) for name in names]
        good = [u for u in found if u is not None and u.data is not None]
        if len(good) < len(names) or any(u.expires <= now for u in good):
            raise NoUpload(", ".join(names))
        for name in names:
            del self._uploads[name]
        return good

    def forget(self, name: str) -> None:
        self._uploads.pop(name, None)

    def attach(self, attachment_id: str, data: bytes) -> None:
        """Keep the bytes of an attachment; the oldest of over 10,000 is dropped."""
        self._attached[attachment_id] = data
        if len(self._attached) > KEEP:
            del self._attached[next(iter(self._attached))]

    def attached(self, attachment_id: str) -> bytes | None:
        return self._attached.get(attachment_id)
