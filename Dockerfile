# The one image of recorder, projector and reader. Which of them a container is, its command says: docker-compose.yml.
ARG NODE_IMAGE=node:22-bookworm-slim

# The embedded PostgreSQL is an optional dependency, and is for `npm start` only. Without it no package needs its install
# script: none is run.
FROM ${NODE_IMAGE} AS build
WORKDIR /ledger
COPY package.json package-lock.json ./
RUN npm ci --omit=optional --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json ./
COPY apps apps
COPY libs libs
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /ledger
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /ledger
# A volume that is mounted here for the first time takes its owner over, who may then make keys.
RUN install --directory --owner=node --group=node --mode=700 /keys
COPY --from=dependencies /ledger/node_modules node_modules
COPY package.json ./
COPY contracts/records contracts/records
COPY libs/read-models/migrations libs/read-models/migrations
COPY --from=build /ledger/dist dist
USER node
