# n8n from npm, laid out as its official image (https://github.com/n8n-io/n8n/tree/master/docker/images/n8n): same user, paths and
# command line. That one also has git, ssh and GraphicsMagick.
ARG BASE
FROM ${BASE}
RUN groupadd --gid 1000 node \
  && useradd --uid 1000 --gid node --shell /bin/bash node \
  && install -d -o node -g node /home/node /home/node/.n8n /home/node/.cache \
  && install -d /usr/local/lib/node_modules \
  && ln -s ../lib/node_modules/n8n/bin/n8n /usr/local/bin/n8n
COPY node /usr/local/bin/node
ENV NODE_ENV=production \
  N8N_RELEASE_TYPE=stable \
  SHELL=/bin/sh
WORKDIR /home/node
EXPOSE 5678
USER node
ENTRYPOINT ["n8n"]
# The last: an interrupted build leaves no layer of this size.
ADD n8n.tar /usr/local/lib/
