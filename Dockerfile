# The environment that a study is computed in. What has to lie beside this file before it is built: docs/container.md.
#
# Builds with `docker build --network none`, by BuildKit and by the builder before it. So there is no `# syntax=` line,
# which asks a registry, and no RUN --mount; and pip sees no index, since an index's address given to a build stays in
# the image's history.

# Brings CUDA and Python 3.11, which the lock is made for. Its own torch is not used: all packages come from the lock.
ARG BASE_IMAGE=pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime@sha256:77f17f843507062875ce8be2a6f76aa6aa3df7f9ef1e31d9d7432f4b0f563dee

FROM --platform=linux/amd64 ${BASE_IMAGE} AS packages
RUN python3 -m venv /opt/harness
ENV PATH=/opt/harness/bin:$PATH
WORKDIR /build
COPY wheelhouse wheelhouse
COPY runtime.lock ./
# Bytecode is made here, since nobody may write it later and to import without costs 25 s in every run. It is never
# compared with its source: what is in an image does not change. Packages' own tests are left out, and one file of torch
# that is written for a later Python.
RUN pip install --disable-pip-version-check --no-cache-dir --no-compile --no-index --find-links wheelhouse \
      --require-hashes -r runtime.lock \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x '/tests/|py312_intrinsics' /opt/harness/lib

# In a folder of its own, so that a change in the program is a small layer above the packages' one.
FROM packages AS program
COPY pyproject.toml LICENSE ./
COPY harness harness
RUN pip install --disable-pip-version-check --no-cache-dir --no-compile --no-index --no-deps --no-build-isolation \
      --root /program . \
 && python -m compileall -q --invalidation-mode unchecked-hash -s /program -p / /program

FROM --platform=linux/amd64 ${BASE_IMAGE}
COPY --from=packages /opt/harness /opt/harness
COPY --from=program /program /
# The whole lock, so that a manifest names the same one as on the host.
COPY requirements.lock /opt/harness/
# A user without an account has no home and no name; some libraries stop without.
ENV PATH=/opt/harness/bin:$PATH HOME=/tmp USER=harness \
    PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["harness"]
CMD ["--help"]
# Last, since they change most often. git is not in the image, so the program is told its commit.
ARG BASE_IMAGE
ARG COMMIT=
ARG LOCK_SHA256=
ENV HARNESS_COMMIT=$COMMIT
LABEL org.opencontainers.image.revision=$COMMIT \
      org.opencontainers.image.base.name=$BASE_IMAGE \
      org.opencontainers.image.licenses=Apache-2.0 \
      harness.lock.sha256=$LOCK_SHA256
