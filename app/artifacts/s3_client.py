"""A connection to S3 by the usual AWS names, and what its errors mean to a store."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientPayloadError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from app.core.errors import Misconfigured, NotFound, NotReady
from app.core.redaction import conceal

SETTING: Final = "LINEUP_ARTIFACTS_URL"
CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 30  # without a byte
ATTEMPTS: Final = 4
CONNECTIONS: Final = 64  # no stream holds one while its reader is slow
RETRY_SECONDS: Final = 10
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound", "416", "InvalidRange", "NoSuchUpload"})
CUT: Final = (ClientPayloadError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
AWAY: Final = (NoConnectionError, HTTPClientError)
# Checksums beside those of TLS and of the signature are what other servers than Amazon's stumble over.
CONFIG: Final = AioConfig(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    max_pool_connections=CONNECTIONS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


@asynccontextmanager
async def connected(bucket: str) -> AsyncIterator[Any]:
    """A client that has seen the bucket; `Misconfigured` says why there is none."""
    conceal(os.environ.get("AWS_SECRET_ACCESS_KEY"), os.environ.get("AWS_SESSION_TOKEN"))
    async with AsyncExitStack() as stack:
        try:
            region = os.environ.get("AWS_REGION")  # the library knows AWS_DEFAULT_REGION alone
            opening = get_session().create_client("s3", region_name=region, config=CONFIG)
            client = await stack.enter_async_context(opening)
            await client.head_bucket(Bucket=bucket)
        except ClientError as error:
            raise Misconfigured(f"{SETTING}: {_refusal(error, bucket)}") from None
        except NoCredentialsError:
            wanted = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise Misconfigured(f"{SETTING}: S3 needs keys; set {wanted}") from None
        except AWAY as error:
            raise Misconfigured(f"{SETTING}: no S3 server answers{_where(error)}; see AWS_ENDPOINT_URL") from None
        except (BotoCoreError, ValueError) as error:
            name = type(error).__name__  # its text may quote what is wrong, a key for example
            raise Misconfigured(f"{SETTING}: the AWS settings cannot be used ({name})") from None
        yield client


@contextmanager
def asked(action: str) -> Iterator[None]:
    """Around a request: what may leave is `NotFound` or `NotReady`, and neither quotes the server."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in MISSING:
            raise NotFound("There is no such artifact, or it is shorter.", code="artifact_missing") from None
        raise _away(f"The artifact store refused to {action} ({code}).") from None
    except (BotoCoreError, ClientPayloadError, TimeoutError, OSError) as error:
        raise _away(f"The artifact store failed to {action} ({type(error).__name__}).") from None


def _away(detail: str) -> NotReady:
    return NotReady(detail, code="artifacts_unavailable", retry_after=RETRY_SECONDS)


def _refusal(error: ClientError, bucket: str) -> str:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == 404:  # noqa: PLR2004 - an answer to HEAD has nothing but its status
        return f"there is no bucket {bucket}"
    if status in (401, 403):
        return f"the keys may not use the bucket {bucket}"
    return f"S3 answered {status} when asked for the bucket {bucket}"


def _where(error: BotoCoreError) -> str:
    url = urlsplit(str(error.kwargs.get("endpoint_url", "")))
    at = url.netloc.rpartition("@")[2]  # without a password
    return f" at {at}" if isinstance(error, EndpointConnectionError) and at else ""
