# Builds the image of face_liveness_exporter: the static binary on a base that has certificates, time zones and a user,
# and neither shell nor package manager.
#
#   docker buildx build --platform linux/amd64,linux/arm64 \
#     --build-arg VERSION="$(make version)" --build-arg REVISION="$(git rev-parse HEAD)" -t face_liveness_exporter .
#
# There is no HEALTHCHECK, because the image has no program that could ask. Kubernetes probes /-/healthy and /-/ready.

# The Go version is the one that go.mod asks for. To pin the bases, pass them by digest: GO_IMAGE=…@sha256:…
ARG GO_IMAGE=docker.io/library/golang:1.26.8-trixie
ARG BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot

# The compiler runs on the builder's own architecture, whatever it builds for: much faster than emulation.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
# No second toolchain is downloaded: the pinned one compiles, or nothing does.
ENV GOTOOLCHAIN=local

# Behind a mirror of modules, pass its address. Without these, the go command's defaults apply.
ARG GOPROXY
ARG GOSUMDB
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    GOMODCACHE=/go/pkg/mod go mod download

COPY . .
# Declared after the download, so that a new version does not download the modules again.
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
ARG REVISION=unknown
ARG BRANCH=unknown
ARG BUILD_USER=unknown
ARG BUILD_DATE=unknown
# As arguments of make, which take precedence over what make would find out by git.
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    GOMODCACHE=/go/pkg/mod GOCACHE=/root/.cache/go-build GOOS="$TARGETOS" GOARCH="$TARGETARCH" \
    make build BINARY=/out/face_liveness_exporter \
      VERSION="$VERSION" REVISION="$REVISION" BRANCH="$BRANCH" BUILD_USER="$BUILD_USER" BUILD_DATE="$BUILD_DATE"

FROM ${BASE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="face_liveness_exporter" \
      org.opencontainers.image.description="Shows the liveness sessions of Azure AI Face resources to Prometheus" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /LICENSE
COPY --from=build /out/face_liveness_exporter /face_liveness_exporter
# A config.yaml mounted here is found without any flag.
WORKDIR /etc/face_liveness_exporter
# A number, because Kubernetes cannot tell whether a name is root.
USER 65532:65532
EXPOSE 10520/tcp
ENTRYPOINT ["/face_liveness_exporter"]
