# Purser, Helm's command and git; nothing of the tests. The images are arguments, so that a build names them by digest:
#   docker build --build-arg PYTHON_DIGEST=sha256:… --build-arg GO_DIGEST=sha256:… .
ARG PYTHON_IMAGE=python:3.12-slim-bookworm
ARG PYTHON_DIGEST=
ARG GO_IMAGE=golang:1.26-bookworm
ARG GO_DIGEST=

# Helm from its module: go.sum holds the digest of all that goes into it.
FROM ${GO_IMAGE}${GO_DIGEST:+@${GO_DIGEST}} AS helm
WORKDIR /src
COPY tests/cluster/build/helm/go.mod tests/cluster/build/helm/go.sum ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/helm helm.sh/helm/v4/cmd/helm

FROM ${PYTHON_IMAGE}${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS purser-environment
WORKDIR /src
RUN python -m venv /opt/build && /opt/build/bin/python -m pip install --no-cache-dir --disable-pip-version-check uv
COPY requirements-image.lock ./
RUN python -m venv --without-pip /opt/purser \
 && /opt/build/bin/uv pip install --no-cache --python /opt/purser/bin/python --require-hashes --no-deps --only-binary :all: -r requirements-image.lock
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY config config
COPY bot bot
RUN /opt/build/bin/uv build --no-cache --quiet --wheel --require-hashes --build-constraint requirements.lock --out-dir /out \
 && /opt/build/bin/uv pip install --no-cache --python /opt/purser/bin/python --no-deps --no-index /out/*.whl \
 && /opt/purser/bin/python -m compileall -q /opt/purser/lib

FROM ${PYTHON_IMAGE}${PYTHON_DIGEST:+@${PYTHON_DIGEST}}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="purser" \
      org.opencontainers.image.description="Plans, gates, deploys and verifies Helm releases from GitLab merge requests" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
# Debian keeps one version of a package at a time: a pin would break the build at its next security fix.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 purser \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin purser \
 && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/purser /etc/purser
COPY --from=helm /out/helm /usr/local/bin/helm
COPY --from=purser-environment /opt/purser /opt/purser
# Threads do little that Python's own lock does not serialise: a heap for each of them only holds free memory.
ENV MALLOC_ARENA_MAX=2 \
    PATH=/opt/purser/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/purser
EXPOSE 8080 9090
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["/opt/purser/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["/opt/purser/bin/purser"]
CMD ["serve", "--config", "/etc/purser/purser.yaml"]
