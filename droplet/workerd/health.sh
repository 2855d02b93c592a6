#!/bin/bash
# Exit 0 when the service answers 200 at /health. Debian's slim image has no HTTP client; bash opens the connection itself.
address=${LISTEN:-127.0.0.1:$PORT}
exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || exit 1
printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
IFS= read -r -t 2 status <&3
[[ $status == "HTTP/1.1 200"* ]]
