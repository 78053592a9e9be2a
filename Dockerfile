# docker build -t pretext . && docker run --rm -v "$PWD:/work" -w /work pretext run recipe.ssl
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# ca-certificates for data sets that are fetched, ffmpeg for films that the program does not decode itself
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates ffmpeg && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/pretext /usr/local/bin/pretext
ENTRYPOINT ["pretext"]
