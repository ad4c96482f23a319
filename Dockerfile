# The server: docker build -t blastoff . && docker run -p 8000:8000 --env-file .env blastoff
FROM python:3.12-slim AS build

WORKDIR /src
RUN python -m venv /app
COPY pyproject.toml README.md LICENSE requirements.lock ./
COPY blastoff_pipecat ./blastoff_pipecat
COPY bots ./bots
RUN /app/bin/pip install --no-cache-dir -c requirements.lock '.[server]' orjson

FROM python:3.12-slim

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin blastoff
COPY --from=build /app /app

# Keys come with the container's environment and are in no layer. HOST lets the outside in: set
# BLASTOFF_SERVER_KEY wherever others can reach the port.
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=2)"]

# Answers that are being streamed are finished within 60 s of SIGTERM: stop with --time 65.
STOPSIGNAL SIGTERM
ENTRYPOINT ["blastoff"]
CMD ["serve"]
