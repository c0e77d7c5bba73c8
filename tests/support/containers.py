"""The last way to a service: a container. Without an engine Docker's client raises at once."""

import contextlib
from collections.abc import Iterator

from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from tests.support.services import ServiceMissing


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    settings = {"POSTGRES_USER": "lineup", "POSTGRES_PASSWORD": "lineup", "POSTGRES_DB": "postgres"}
    # The image starts the server twice: once to fill the cluster, then for good.
    ready = LogMessageWaitStrategy("database system is ready to accept connections", times=2)
    with _container("postgres:18-alpine", 5432, ready, settings) as address:
        yield f"postgresql://lineup:lineup@{address}/postgres"


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    with _container(
        "valkey/valkey:9-alpine", 6379, LogMessageWaitStrategy("Ready to accept connections"), {}
    ) as address:
        yield f"redis://{address}/0"


@contextlib.contextmanager
def _container(image: str, port: int, ready: LogMessageWaitStrategy, settings: dict[str, str]) -> Iterator[str]:
    try:
        container = DockerContainer(image).with_exposed_ports(port).waiting_for(ready)
        for name, value in settings.items():
            container.with_env(name, value)
        container.start()
    except DockerException as error:
        raise ServiceMissing(f"no container engine ({error})") from error
    try:
        yield f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
    finally:
        container.stop()
