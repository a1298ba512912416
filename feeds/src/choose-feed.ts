import { existsSync } from "node:fs";
import { CodedError } from "@mib/service/coded-error";
import type { FeedConfig } from "./config.ts";
import type { Feed } from "./feed.ts";
import { IngestFeed } from "./ingest/ingest-feed.ts";
import { IngestKeys } from "./ingest/ingest-keys.ts";
import { ItemsFeed } from "./ingest/items-feed.ts";
import { NewsFeed, readSources } from "./news/news-feed.ts";
import { ReplayFeed } from "./replay/replay-feed.ts";
import { SimulatorFeed } from "./simulator/simulator-feed.ts";
import { chooseVenue } from "./venues/choose-venue.ts";
import { LiveFeed } from "./venues/live-feed.ts";

/** The feed that the configuration asks for; null for `none`. Throws a CodedError for one that can't be had. */
export function chooseFeed(config: FeedConfig): Feed | null {
  const symbols = config.FEED_SYMBOLS ?? null;
  switch (config.FEED) {
    case "none":
      return null;
    case "simulator":
      return new SimulatorFeed({
        seed: config.FEED_SEED,
        startMicros: config.FEED_START_TIME ?? null,
        rate: config.FEED_RATE,
        symbols,
        labelsFile: config.FEED_LABELS ?? null,
      });
    case "replay": {
      const file = config.FEED_FILE;
      if (file === undefined) throw new CodedError("BAD_USER_INPUT", "a replay needs --file FILE");
      if (!existsSync(file)) throw new CodedError("BAD_USER_INPUT", `there is no file ${file}`);
      return new ReplayFeed({
        file,
        speed: config.FEED_SPEED,
        fromNanos: config.FEED_FROM ?? null,
        loop: config.FEED_LOOP,
        again: config.FEED_AGAIN,
        symbols,
      });
    }
    case "news":
      if (config.FEED_SOURCES === undefined) throw new CodedError("BAD_USER_INPUT", "news need --sources FILE");
      return new NewsFeed(readSources(config.FEED_SOURCES), config);
    case "ingest":
      if (config.FEED_KEYS === undefined) throw new CodedError("BAD_USER_INPUT", "ingest needs --keys FILE");
      return new IngestFeed({
        keys: IngestKeys.read(config.FEED_KEYS),
        host: config.HOST,
        port: config.INGEST_PORT,
        kafka: config,
      });
    case "items": {
      const file = config.FEED_FILE;
      if (file === undefined) throw new CodedError("BAD_USER_INPUT", "items need --file FILE");
      if (!existsSync(file)) throw new CodedError("BAD_USER_INPUT", `there is no file ${file}`);
      return new ItemsFeed({ file, speed: config.FEED_SPEED, fromNanos: config.FEED_FROM ?? null, kafka: config });
    }
    case "binance":
    case "coinbase":
    case "kraken":
      return new LiveFeed({
        venue: chooseVenue(config.FEED, config),
        symbols,
        reconnectMsMin: config.FEED_RECONNECT_MS_MIN,
      });
  }
}
