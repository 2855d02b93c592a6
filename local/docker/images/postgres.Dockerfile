# PostgreSQL of Debian 13, laid out as its official image (https://github.com/docker-library/postgres): same major version, user,
# paths and settings of a new cluster. Its entrypoint, which makes a cluster at the first start, is not here.
ARG BASE
FROM ${BASE}
# n8n asks for PostgreSQL 17, Debian 12 has 15. What it is linked with comes along.
RUN groupadd --system --gid 999 postgres \
  && useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres \
  && sed -i s/bookworm/trixie/g $(find /etc/apt/sources.list /etc/apt/sources.list.d -type f) \
  && export DEBIAN_FRONTEND=noninteractive \
  && apt-get update \
  && apt-get install -y --no-install-recommends postgresql-common \
  && echo "create_main_cluster = false" >> /etc/postgresql-common/createcluster.conf \
  && apt-get install -y --no-install-recommends postgresql-17 \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /usr/share/doc/*/changelog* /usr/share/man/* /usr/share/locale/* \
  && sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" /usr/share/postgresql/17/postgresql.conf.sample \
  && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data \
  && install -d -o postgres -g postgres -m 3777 /var/run/postgresql
ENV LANG=C.UTF-8 \
  PG_MAJOR=17 \
  PGDATA=/var/lib/postgresql/data \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
