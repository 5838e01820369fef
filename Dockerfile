# Builds Tablecast and packs it into a small Debian image that runs as a plain user:
#   docker build -t tablecast .
#   docker run -p 8080:8080 -e TABLECAST_TABLE=NAME -e AWS_REGION=eu-central-1 -e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY tablecast
# Tests/Packaging takes these steps in a plain root directory, without a container engine, and runs what comes out.

# Pin both by digest where you build: --build-arg BUILDER=swift@sha256:… --build-arg BASE=debian@sha256:…
ARG BUILDER=swift:6.3-bookworm
ARG BASE=debian:bookworm-slim

FROM ${BUILDER} AS builder
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libcurl4-openssl-dev libnghttp2-dev libsqlite3-dev libssl-dev libxxhash-dev pkg-config python3 zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The options of scripts/lib.sh.
RUN swift build -c release --static-swift-stdlib --product tablecast \
        -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now \
        -Xswiftc -file-prefix-map -Xswiftc "$PWD=." -Xcc "-ffile-prefix-map=$PWD=." \
    && install -D --strip "$(swift build -c release --static-swift-stdlib --show-bin-path)/tablecast" /out/tablecast

FROM ${BASE} AS runtime
# What the program links, and the certificates that AWS is checked against.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libcurl4 libsqlite3-0 libssl3 libstdc++6 libxxhash0 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tablecast
COPY --from=builder /out/tablecast /usr/local/bin/tablecast

# The list of parts names the libraries that the program loads in this image, at the versions that this image's dpkg has: the builder may
# have others, by a security update. The builder has Python and the sources, so it writes the list of what is seen here.
FROM runtime AS libraries
RUN mkdir /seen && ldd /usr/local/bin/tablecast >/seen/ldd && cp -R /var/lib/dpkg /seen/dpkg

FROM builder AS parts
COPY --from=libraries /seen /seen
RUN python3 scripts/sbom.py --spdx --ldd /seen/ldd --dpkg /seen/dpkg . /out/tablecast /out/tablecast.spdx.json

FROM runtime
# Not below /usr/share/doc, which slim images leave out.
COPY --from=parts /out/tablecast.spdx.json /usr/local/share/doc/tablecast/tablecast.spdx.json

# By number, so that an orchestrator can see that this is not root.
USER 10001:10001
# Both IP families, or IPv4 where there is no IPv6.
ENV TABLECAST_LISTEN=:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
# Alive, not ready: a replica that is still loading a large table is healthy. Orchestrators ask /readyz for the rest.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/tablecast", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/tablecast"]
CMD ["serve"]
