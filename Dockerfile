# Written without a container engine at hand: it has not been built yet.
#
#   docker build -t portcullis .
#   docker run -p 127.0.0.1:8787:8787 -v portcullis-data:/data portcullis

FROM node:26.10.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The image brings Node itself, but the optional packages also hold the compilers' native parts.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs

FROM node:26.10.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund

FROM node:26.10.0-trixie-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787 PORTCULLIS_DATA=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
# The only place that is written to; everything else may be mounted read-only.
RUN install -d -o node -g node -m 700 /data
VOLUME /data
USER node
EXPOSE 8787
# Answers running at a stop get their time: PORTCULLIS_DRAIN_MS, and as much from the orchestrator.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8787) + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js", "start"]
