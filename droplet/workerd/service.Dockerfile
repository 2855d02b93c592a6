# One service: its Workers bundle and workerd's config for it.
ARG RUNTIME
FROM ${RUNTIME}
ARG PORT
ENV PORT=${PORT}
EXPOSE ${PORT}
COPY worker.js config.capnp ./
HEALTHCHECK --interval=2s --timeout=3s --start-period=10s --retries=5 CMD ["/bin/bash", "health.sh"]
