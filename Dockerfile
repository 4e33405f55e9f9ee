# One image for every role:
#
#     docker build -t frontdoor .
#     docker run --read-only --tmpfs /tmp -p 8080:8080 frontdoor frontdoor serve --role web
#
# All stages stand on one base, so that there is one thing to pin (BASE=debian@sha256:…), and so that
# the interpreter that libraries are installed for is the one that runs them. What is installed is
# locked with hashes, Node included.
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS tools
# Debian's stable release is the pin: its security updates are wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

FROM tools AS widget
WORKDIR /src
COPY requirements-node.lock ./
RUN python3 -m venv /node && /node/bin/pip install --require-hashes -r requirements-node.lock
ENV PATH=/node/bin:${PATH}
COPY channels/web/widget/package.json channels/web/widget/package-lock.json channels/web/widget/
RUN npm --prefix channels/web/widget ci --no-audit --no-fund --loglevel=error
COPY channels/web/widget channels/web/widget
RUN npm --prefix channels/web/widget run --silent build

FROM tools AS house
WORKDIR /src
COPY requirements-build.lock requirements-image.lock ./
RUN python3 -m venv /build && /build/bin/pip install --require-hashes -r requirements-build.lock
# Some come as sources only; they are built with what is locked, too.
RUN /build/bin/pip wheel --no-build-isolation --require-hashes -w /wheels -r requirements-image.lock \
    && python3 -m venv --without-pip /opt/frontdoor \
    && /build/bin/pip --python /opt/frontdoor install --no-compile --no-index --no-deps /wheels/*
COPY docker/trim.sh docker/
RUN sh docker/trim.sh /opt/frontdoor
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY gateway gateway
COPY channels channels
COPY agents agents
COPY prompts prompts
COPY --from=widget /src/channels/web/static channels/web/static
# Bytecode is made here: who runs it may write nothing, and would make it anew at every start.
RUN /build/bin/pip wheel --no-build-isolation --no-deps -w /own . \
    && /build/bin/pip --python /opt/frontdoor install --no-compile --no-index --no-deps /own/* \
    && /opt/frontdoor/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        /opt/frontdoor/lib

FROM ${BASE}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/log/* \
    && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin frontdoor \
    && install -d -o frontdoor -g frontdoor /data
COPY --from=house /opt/frontdoor /opt/frontdoor

ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Front Door" \
      org.opencontainers.image.description="A chat and voice front door for AI agents: Telegram, the phone and a web widget, over A2A." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

ENV PATH=/opt/frontdoor/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    LOG_FORMAT=json
# By number, so that whoever runs it can tell that this is not root.
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
# The process itself gets this: it sends people elsewhere, ends what is under way, and leaves.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=3)"]
CMD ["frontdoor", "serve"]
