# One cache node: production dependencies only, no build tools, not root.
FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:26-bookworm-slim
ENV NODE_ENV=production
# glibc returns freed buffers to the system at once, instead of keeping them for the next burst.
ENV MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
USER node
EXPOSE 11211
# Readiness, by a real round trip. It finds the node's port, socket and TLS in the options of its
# process. An orchestrator asks for liveness by: node src/cli/main.ts health --local --live
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "src/cli/main.ts", "health", "--local"]
# The exec form: signals reach the node process, which then drains.
ENTRYPOINT ["node", "src/cli/main.ts"]
CMD ["serve"]
