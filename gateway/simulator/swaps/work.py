"""Work of the face swap provider: predictions, their outcomes and their results."""

from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image

from gateway.simulator.base.wire import Json

ENDED = frozenset({"succeeded", "failed", "canceled"})
ERRORS = {
    "failed": "CUDA out of memory",
    "nsfw": "NSFW content detected. Try running it again, or try a different prompt.",
    "no_face": "No face detected in the input image",
}
BORDER = 4  # pixels around the face in a result


@dataclass
class File:
    """An uploaded file."""

    id: str
    name: str
    content_type: str
    body: bytes
    created_at: str


@dataclass
class Prediction:
    """One run of a model."""

    id: str
    version: str
    input: dict[str, str]
    outcome: str
    created_at: str
    status: str = "starting"
    percent: int = 0
    error: str | None = None
    output: str | list[str] | None = None
    files: list[File] = field(default_factory=list)  # face, target
    webhook: str = ""
    events: list[str] = field(default_factory=list)

    @property
    def is_video(self) -> bool:
        return "source" in self.input

    @property
    def is_over(self) -> bool:
        return self.status in ENDED

    def as_json(self, base: str) -> Json:
        address = f"{base}/predictions/{self.id}"
        logs = f"Processing: {self.percent}%\n" if self.percent else ""
        return {
            "id": self.id,
            "model": "example/face-swap",
            "version": self.version,
            "input": self.input,
            "logs": logs,
            "output": self.output,
            "error": self.error,
            "status": self.status,
            "created_at": self.created_at,
            "urls": {"get": address, "cancel": f"{address}/cancel"},
        }


def swapped(face: bytes, target: bytes) -> bytes:
    """Return the target as a PNG with the face in its corner.

    Raises OSError if one of them is no picture.
    """
    with Image.open(BytesIO(target)) as below, Image.open(BytesIO(face)) as above:
        result, small = below.convert("RGB"), above.convert("RGB")
        small.thumbnail((max(1, result.width // 3), max(1, result.height // 3)))
        result.paste(small, (BORDER, BORDER))
    out = BytesIO()
    result.save(out, "PNG")
    return out.getvalue()


def swapped_video(face: bytes, target: bytes) -> bytes:
    """Return the video with a box that holds the face, which players skip."""
    return target + (8 + len(face)).to_bytes(4, "big") + b"free" + face
