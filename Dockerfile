FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/lineup
WORKDIR /src
COPY requirements.lock ./
RUN /opt/lineup/bin/pip install --require-hashes -r requirements.lock
# The build tools come from the dev lock, with its hashes, and stay in this stage.
COPY requirements-dev.lock ./
RUN python -m venv /opt/build && \
    awk '/^[a-z]/ { on = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } on' requirements-dev.lock > build.lock && \
    /opt/build/bin/pip install --require-hashes -r build.lock
COPY pyproject.toml README.md* LICENSE* ./
COPY app app
COPY workers workers
COPY alembic alembic
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . && \
    /opt/lineup/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 1000 --create-home --home-dir /var/lib/lineup lineup && \
    install -d -o lineup -g lineup -m 0700 /var/lib/lineup/data
COPY --from=build /opt/lineup /opt/lineup
ENV PATH=/opt/lineup/bin:$PATH PYTHONUNBUFFERED=1 LINEUP_DATA_DIR=/var/lib/lineup/data LINEUP_LOG_FORMAT=json
USER lineup
WORKDIR /var/lib/lineup
VOLUME /var/lib/lineup/data
EXPOSE 2005
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:2005/health', timeout=4)"]
CMD ["lineup", "serve", "--host", "0.0.0.0"]
