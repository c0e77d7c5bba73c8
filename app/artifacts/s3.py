"""Artifacts in a bucket: `prefix/ab12…` by SHA-256; what is being written lies under `prefix/tmp/` until it is named.

The keys need GetObject, PutObject, DeleteObject, ListBucket, ListBucketMultipartUploads, ListMultipartUploadParts and
AbortMultipartUpload.
"""

import asyncio
import hashlib
import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final

from app.artifacts.s3_client import ATTEMPTS, CUT, asked, connected
from app.core.errors import NotFound, NotReady
from app.core.ports import ArtifactInfo

PART_BYTES: Final = 8 << 20  # S3 takes 10,000 parts of at least 5 MiB
PIECE_BYTES: Final = 1 << 20  # read at once by a stream: a slow reader holds this, and no connection
UNFINISHED_SECONDS: Final = 3_600.0  # a writer that sent nothing for so long is dead
ABOUT: Final = {"ContentType": "application/octet-stream", "CacheControl": "public, max-age=31536000, immutable"}
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class S3Writer:
    """An upload in parts under a key of its own; what fits into one part is put under its name at once."""

    def __init__(self, bucket: "Bucket") -> None:
        self._bucket = bucket
        self._key = f"tmp/{uuid.uuid4().hex}"
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._rest = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._sending: asyncio.Task[None] | None = None
        self._whole = False  # an object under the key of our own

    async def write(self, data: bytes) -> None:
        self._rest += data
        self._bytes += len(data)
        while len(self._rest) >= PART_BYTES:
            part = bytes(self._rest[:PART_BYTES])
            del self._rest[:PART_BYTES]
            await self._send(part)

    async def commit(self) -> ArtifactInfo:
        rest = bytes(self._rest)
        if self._upload is None:
            self._hash.update(rest)
            name = self._hash.hexdigest()
            await self._bucket.ask("store an artifact", "put_object", name, Body=rest, **ABOUT)
            return ArtifactInfo(sha256=name, bytes=self._bytes)
        if rest:
            await self._send(rest)
        await self._sent()
        name = self._hash.hexdigest()
        self._whole = True
        parts = {"Parts": self._parts}
        await self._ask("complete_multipart_upload", UploadId=self._upload, MultipartUpload=parts)
        self._upload = None
        await self._bucket.copy(self._key, name)
        return ArtifactInfo(sha256=name, bytes=self._bytes)

    async def close(self) -> None:
        """Takes back what has no name; what a store that is away keeps of it is dropped later."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        with suppress(NotReady, NotFound):
            if self._upload is not None:
                await self._ask("abort_multipart_upload", UploadId=self._upload)
            if self._whole:
                await self._ask("delete_object")

    async def _send(self, part: bytes) -> None:
        """Sends a part while the next one is filled."""
        await self._sent()
        if self._upload is None:
            answer = await self._ask("create_multipart_upload", **ABOUT)
            self._upload = answer["UploadId"]
        self._sending = asyncio.create_task(self._send_part(part, len(self._parts) + 1))

    async def _send_part(self, part: bytes, number: int) -> None:
        await asyncio.to_thread(self._hash.update, part)
        answer = await self._ask("upload_part", UploadId=self._upload, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    async def _sent(self) -> None:
        if self._sending is not None:
            await self._sending
            self._sending = None

    async def _ask(self, request: str, **values: Any) -> Any:
        return await self._bucket.ask("store an artifact", request, self._key, **values)


class Bucket:
    """The part of a bucket below a prefix."""

    def __init__(self, client: Any, name: str, prefix: str) -> None:
        self._client = client
        self._name = name
        self._prefix = f"{prefix}/" if prefix else ""

    async def ask(self, action: str, request: str, key: str, **values: Any) -> Any:
        """One request about one key; `action` stands in the error."""
        with asked(action):
            return await getattr(self._client, request)(Bucket=self._name, Key=self._prefix + key, **values)

    async def copy(self, key: str, target: str) -> None:
        """Within the store; nothing passes through here."""
        source = {"Bucket": self._name, "Key": self._prefix + key}
        await self.ask("name an artifact", "copy_object", target, CopySource=source)

    async def read(self, key: str, offset: int, length: int) -> bytes:
        """This range, less of it only where the object ends; a body that is cut is asked for again."""
        with asked("read an artifact"):
            for _ in range(ATTEMPTS - 1):
                with suppress(*CUT):
                    return await self._get(key, offset, length)
            return await self._get(key, offset, length)

    async def listed(self, request: str, field: str, prefix: str = "", **values: Any) -> AsyncIterator[dict[str, Any]]:
        """All entries of a listing below `prefix`, their keys without the store's own prefix."""
        with asked("list artifacts"):
            pages = self._client.get_paginator(request).paginate(
                Bucket=self._name, Prefix=self._prefix + prefix, **values
            )
            async for page in pages:
                for entry in page.get(field, []):
                    yield {**entry, "Key": str(entry["Key"]).removeprefix(self._prefix)}

    async def parts(self, key: str, upload: str) -> list[dict[str, Any]]:
        """The parts that an upload has so far."""
        pages = self._client.get_paginator("list_parts")
        wanted = {"Bucket": self._name, "Key": self._prefix + key, "UploadId": upload}
        with asked("list parts"):
            return [part async for page in pages.paginate(**wanted) for part in page.get("Parts", [])]

    async def _get(self, key: str, offset: int, length: int) -> bytes:
        span = f"bytes={offset}-{offset + length - 1}"
        answer = await self._client.get_object(Bucket=self._name, Key=self._prefix + key, Range=span)
        async with answer["Body"] as body:
            data: bytes = await body.read()  # whole, or it raises one of CUT
        return data


class S3Store:
    """A bucket of artifacts; any number of processes on any number of machines may share it."""

    def __init__(self, bucket: Bucket, *, unfinished_seconds: float = UNFINISHED_SECONDS) -> None:
        self._bucket = bucket
        self._unfinished_seconds = unfinished_seconds

    @asynccontextmanager
    async def create(self) -> AsyncIterator[S3Writer]:
        writer = S3Writer(self._bucket)
        try:
            yield writer
        finally:
            await writer.close()

    async def read(self, sha256: str, offset: int, length: int) -> bytes:
        if not length:  # a range cannot say so
            await self._bucket.ask("read an artifact", "head_object", sha256)
            return b""
        data = await self._bucket.read(sha256, offset, length)
        if len(data) != length:
            raise NotFound(f"The artifact ends before byte {offset + length}.", code="artifact_missing")
        return data

    async def stream(self, sha256: str, offset: int, length: int) -> AsyncIterator[bytes]:
        if not length:
            await self.read(sha256, offset, 0)
        for start in range(offset, offset + length, PIECE_BYTES):
            yield await self.read(sha256, start, min(PIECE_BYTES, offset + length - start))

    async def delete(self, sha256: str, *, min_age: float = 0) -> None:
        with suppress(NotFound):
            if min_age:
                about = await self._bucket.ask("look at an artifact", "head_object", sha256)
                if _age(about["LastModified"]) < min_age:
                    return
            await self._bucket.ask("delete an artifact", "delete_object", sha256)

    async def aged(self, seconds: float) -> Sequence[str]:
        entries = self._bucket.listed("list_objects_v2", "Contents", Delimiter="/")
        aged = [one["Key"] async for one in entries if _age(one["LastModified"]) > seconds]
        return [key for key in aged if _NAME.fullmatch(key)]

    async def drop_unfinished(self) -> int:
        dropped = 0
        async for one in self._bucket.listed("list_multipart_uploads", "Uploads", "tmp/"):
            dropped += await self._drop_upload(one["Key"], one["UploadId"], one["Initiated"])
        async for one in self._bucket.listed("list_objects_v2", "Contents", "tmp/"):
            if _age(one["LastModified"]) > self._unfinished_seconds:
                await self._bucket.ask("drop an upload", "delete_object", one["Key"])
                dropped += 1
        return dropped

    async def _drop_upload(self, key: str, upload: str, begun: datetime) -> bool:
        with suppress(NotFound):  # its writer ended it meanwhile
            if _age(begun) <= self._unfinished_seconds:
                return False
            parts = await self._bucket.parts(key, upload)
            if any(_age(part["LastModified"]) <= self._unfinished_seconds for part in parts):
                return False
            await self._bucket.ask("drop an upload", "abort_multipart_upload", key, UploadId=upload)
            return True
        return False


@asynccontextmanager
async def open_s3(bucket: str, prefix: str) -> AsyncIterator[S3Store]:
    """The store below `prefix`; `Misconfigured` when the bucket cannot be used."""
    async with connected(bucket) as client:
        yield S3Store(Bucket(client, bucket, prefix))


def _age(moment: datetime) -> float:
    return time.time() - moment.timestamp()
