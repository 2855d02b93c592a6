# Debian's restic where the official image has it, with the authorities that it trusts.
ARG BASE
FROM ${BASE}
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates restic \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc/*/changelog* /usr/share/man/* /var/log/*
ENTRYPOINT ["/usr/bin/restic"]
