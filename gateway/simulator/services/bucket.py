"""Keep the objects of a bucket, with a part of S3's HTTP API in path style.

Requests need the right key id; their signatures are not checked.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import gmtime, strftime
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from aiohttp import web

from gateway.simulator.base.ids import Ids
from gateway.simulator.http.access import Handler

BASE = "/s3"
NAME = "demo"
REGION = "us-east-1"
KEY_ID = "SIMULATEDKEY"
SECRET = "simulated-secret"  # noqa: S105 - of the simulator; nobody checks it
PAGE = 1000  # keys of a list
LONGEST = 250  # bytes of a file name
_CREDENTIAL = re.compile(r"Credential=([^/,\s]*)")
_TYPES = {"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg"} | {
    "gif": "image/gif",
    "mp4": "video/mp4",
}
KeyHandler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


class Failed(Exception):
    """The service refuses the request, with a status and a code of S3."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status


@dataclass
class Bucket:
    """One bucket in a folder; without a folder there is none.

    An object is one file, whose name is the whole key, quoted: so no key leads out of
    the folder.
    """

    folder: Path | None
    ids: Ids
    _uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def routes(self) -> dict[str, Handler]:
        """Return a map of `METHOD /path` to handler."""
        one = f"{BASE}/{{bucket}}/{{key:.*}}"
        methods = {
            "GET": self.get,
            "HEAD": self.get,
            "PUT": self.put,
            "POST": self.post,
            "DELETE": self.delete,
        }
        found = {
            f"{name} {one}": self._checked(handler) for name, handler in methods.items()
        }
        for name in ("GET", "HEAD"):
            found[f"{name} {BASE}/{{bucket}}"] = self._checked(self.get)
        return found

    def _checked(self, handler: KeyHandler) -> Handler:
        """Return a handler that lets in who has the key id, and answers in XML."""

        async def checked(request: web.Request) -> web.StreamResponse:
            try:
                self._check(request)
                return await handler(request, request.match_info.get("key", ""))
            except Failed as failed:
                text = f"<Error><Code>{failed}</Code></Error>"
                return _xml(text, failed.status)

        return checked

    def _check(self, request: web.Request) -> None:
        sent = request.headers.get("Authorization", "")
        if not sent and "X-Amz-Credential" in request.query:
            sent = f"Credential={request.query['X-Amz-Credential']}"
        found = _CREDENTIAL.search(sent)
        if found is None:
            raise Failed(403, "AccessDenied")
        if found[1] != KEY_ID:
            raise Failed(403, "InvalidAccessKeyId")
        if request.match_info["bucket"] != NAME or self.folder is None:
            raise Failed(404, "NoSuchBucket")

    def _path(self, key: str) -> Path:
        name = _file_name(key)
        if not name or self.folder is None:
            raise Failed(400, "InvalidRequest")
        if len(name) > LONGEST:
            raise Failed(400, "KeyTooLongError")
        return self.folder / name

    # --- objects ------------------------------------------------------------------

    async def get(self, request: web.Request, key: str) -> web.StreamResponse:
        """Serve an object, a part of it or its headers; without a key the list."""
        if not key:
            return self._listed(request)
        path = self._path(key)
        if not path.is_file():
            raise Failed(404, "NoSuchKey")
        kind = _TYPES.get(key.rpartition(".")[2], "application/octet-stream")
        return web.FileResponse(path, headers={"Content-Type": kind})

    async def put(self, request: web.Request, key: str) -> web.StreamResponse:
        """Keep an object, or a part of one that comes in parts."""
        path, body = self._path(key), await request.read()
        number = request.query.get("partNumber", "")
        if "uploadId" in request.query:
            if not number.isdecimal():
                raise Failed(400, "InvalidArgument")
            self._parts(request)[int(number)] = body
            return web.Response(headers={"ETag": f'"{number}"'})
        return web.Response(headers={"ETag": await self._keep(path, body)})

    async def post(self, request: web.Request, key: str) -> web.StreamResponse:
        """Begin an object that comes in parts, or put its parts together."""
        path = self._path(key)
        if "uploads" in request.query:
            upload = self.ids.hex(32)
            self._uploads[upload] = {}
            text = f"<UploadId>{upload}</UploadId>"
            return _xml(_root("InitiateMultipartUploadResult", text))
        parts = self._parts(request)
        etag = await self._keep(path, b"".join(parts[n] for n in sorted(parts)))
        del self._uploads[request.query["uploadId"]]
        text = f"<Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag>"
        return _xml(_root("CompleteMultipartUploadResult", text))

    async def delete(self, request: web.Request, key: str) -> web.StreamResponse:
        """Remove an object if it is there, or forget the parts of one."""
        if "uploadId" in request.query:
            self._uploads.pop(request.query["uploadId"], None)
        else:
            self._path(key).unlink(missing_ok=True)
        return web.Response(status=204)

    def _parts(self, request: web.Request) -> dict[int, bytes]:
        parts = self._uploads.get(request.query.get("uploadId", ""))
        if parts is None:
            raise Failed(404, "NoSuchUpload")
        return parts

    async def _keep(self, path: Path, body: bytes) -> str:
        """Write an object as a whole; return its ETag."""

        def keep() -> str:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{self.ids.hex(16)}.draft")
            draft.write_bytes(body)
            draft.replace(path)
            return _etag(path)

        return await asyncio.to_thread(keep)

    # --- the list -----------------------------------------------------------------

    def _listed(self, request: web.Request) -> web.Response:
        """List keys in order, a page at a time (ListObjects and ListObjectsV2)."""
        query = request.query
        after = query.get("continuation-token") or query.get("start-after", "")
        after = after or query.get("marker", "")
        most = query.get("max-keys", "")
        most_keys = min(int(most), PAGE) if most.isdecimal() else PAGE
        prefix = query.get("prefix", "")
        keys = [k for k in self._keys() if k.startswith(prefix) and k > after]
        shown = keys[:most_keys]
        quoted = quote if query.get("encoding-type") == "url" else str
        parts = [
            f"<Name>{NAME}</Name><Prefix>{escape(quoted(prefix))}</Prefix>",
            f"<KeyCount>{len(shown)}</KeyCount><MaxKeys>{most_keys}</MaxKeys>",
            f"<IsTruncated>{str(len(keys) > len(shown)).lower()}</IsTruncated>",
        ]
        if shown and len(keys) > len(shown):
            last = escape(quoted(shown[-1]))
            parts.append(f"<NextMarker>{last}</NextMarker>")
            token = f"<NextContinuationToken>{escape(shown[-1])}"
            parts.append(f"{token}</NextContinuationToken>")
        if quoted is quote:
            parts.append("<EncodingType>url</EncodingType>")
        parts += [self._row(key, quoted(key)) for key in shown]
        return _xml(_root("ListBucketResult", "".join(parts)))

    def _keys(self) -> Iterator[str]:
        if self.folder is None or not self.folder.is_dir():
            return
        names = (path.name for path in self.folder.iterdir() if not path.suffix)
        yield from sorted(map(unquote, names))

    def _row(self, key: str, shown: str) -> str:
        status = self._path(key).stat()
        changed = strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime(status.st_mtime))
        return (
            f"<Contents><Key>{escape(shown)}</Key><Size>{status.st_size}</Size>"
            f"<LastModified>{changed}</LastModified>"
            f"<ETag>{escape(_etag(self._path(key)))}</ETag></Contents>"
        )


def _file_name(key: str) -> str:
    return quote(key, safe="").replace(".", "%2E")


def _etag(path: Path) -> str:
    """Return the ETag that aiohttp gives the file."""
    status = path.stat()
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


def _root(name: str, text: str) -> str:
    return f'<{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{text}</{name}>'


def _xml(text: str, status: int = 200) -> web.Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'
    return web.Response(text=body, status=status, content_type="application/xml")
