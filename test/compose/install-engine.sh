#!/usr/bin/env bash
# Installs what `npm run test:compose` needs on a Debian machine without Docker: the engine, compose, and debootstrap for
# images where none can be pulled. As root; leaves alone what is there already.
set -euo pipefail
# Debian has only the first version of compose, which is another program. This one is built from its Go module.
COMPOSE=v2.36.2
PLUGINS=/usr/local/lib/docker/cli-plugins

missing=()
command -v dockerd >/dev/null && command -v docker >/dev/null || missing+=(docker.io)
command -v debootstrap >/dev/null || missing+=(debootstrap)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

if ! docker compose version >/dev/null 2>&1 && ! docker-compose version >/dev/null 2>&1; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  # Not `go install`: it refuses a module that leaves out versions of others.
  go mod init compose
  go get "github.com/docker/compose/v2/cmd@$COMPOSE"
  mkdir -p "$PLUGINS"
  go build -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$COMPOSE" \
    -o "$PLUGINS/docker-compose" github.com/docker/compose/v2/cmd
fi
docker --version
docker compose version 2>/dev/null || docker-compose version
