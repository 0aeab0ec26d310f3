# The service of docs/serving.md: docker build -t mangastyle . && docker run -e MANGASTYLE_TOKEN=... -p 8745:8745 mangastyle
FROM python:3.12-slim AS build
COPY . /source
RUN pip install --no-cache-dir --prefix=/installed "/source[app]"

FROM python:3.12-slim
COPY --from=build /installed /usr/local
RUN useradd --create-home --uid 1000 mangastyle
USER mangastyle
WORKDIR /home/mangastyle

EXPOSE 8745
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8745/health', timeout=4)"]

# The token comes by the environment, so that it is in no list of processes. At SIGTERM the request that runs has 20 seconds to finish.
ENTRYPOINT ["mangastyle", "app", "--serve", "--host", "0.0.0.0", "--port", "8745"]
