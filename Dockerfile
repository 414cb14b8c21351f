# One cache node: the bundles of the package, which take less memory than the sources; production
# dependencies only, no build tools, not root.
FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build:node && npm run build:fast-path

FROM node:26-bookworm-slim
ENV NODE_ENV=production
# glibc returns freed buffers to the system at once, instead of keeping them for the next burst.
ENV MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY --from=build /app/dist ./dist
# For the items of a node that restarts (-e): a new volume gets the owner and mode of this folder.
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/slabring
USER node
EXPOSE 11211
# Readiness, by a real round trip. It finds the node's port, socket and TLS in the options of its
# process. An orchestrator asks for liveness by: node dist/cli/main.js health --local --live
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "dist/cli/main.js", "health", "--local"]
# The exec form: signals reach the node process, which then drains.
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
