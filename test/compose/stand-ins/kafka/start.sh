#!/usr/bin/env bash
# Makes server.properties of the KAFKA_… variables and formats the storage once, both by the class that the official image
# does it with; then becomes the broker.
set -euo pipefail
export CLUSTER_ID=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}
classes='/opt/kafka/libs/*'
config=/opt/kafka/config
logging=-Dorg.slf4j.simpleLogger.showDateTime=true

if ! said=$(java -cp "$classes" kafka.docker.KafkaDockerWrapper setup --default-configs-dir=/etc/kafka/docker \
  --mounted-configs-dir=/mnt/shared/config --final-configs-dir="$config" 2>&1); then
  # A second start: everything is as the first one left it.
  grep -qi 'already formatted' <<<"$said" || { echo "$said" >&2; exit 1; }
fi
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} -server "$logging" -cp "$classes" kafka.Kafka "$config/server.properties"
