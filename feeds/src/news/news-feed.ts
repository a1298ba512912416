import { readFileSync } from "node:fs";
import { createKafka, type KafkaSettings } from "@mib/events/kafka";
import { CodedError } from "@mib/service/coded-error";
import { z } from "zod";
import type { Feed, FeedContext } from "../feed.ts";
import { NEWS_TOPIC } from "./article.ts";
import { earlierArticles } from "./earlier-articles.ts";
import { SyndicationPoller, type SyndicationSource } from "./syndication-poller.ts";

const SECONDS_DEFAULT = 300;

const file = z.strictObject({
  rss: z
    .array(
      z.strictObject({
        // Those would be in logs, and a request with them is refused by fetch.
        url: z.url({ protocol: /^https?$/ }).refine(hasNoCredentials, "must have no user name or password"),
        source: z.string().min(1).max(200).optional(),
        everySeconds: z.number().min(1).max(86_400).default(SECONDS_DEFAULT),
        symbols: z.array(z.string().min(1).max(40)).max(100).default([]),
      }),
    )
    .min(1)
    .max(1_000),
});

function hasNoCredentials(text: string): boolean {
  if (!URL.canParse(text)) return true; // said by another rule
  const { username, password } = new URL(text);
  return username === "" && password === "";
}

/** The sources that a file names. Throws a CodedError BAD_USER_INPUT that says what is wrong with it. */
export function readSources(path: string): SyndicationSource[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = (error as Error).message;
    throw new CodedError("BAD_USER_INPUT", `the sources ${path} can't be read: ${reason}`, {}, { cause: error });
  }
  const parsed = file.safeParse(json);
  if (!parsed.success)
    throw new CodedError(
      "BAD_USER_INPUT",
      `the sources ${path} are not as they must be: ${z.prettifyError(parsed.error)}`,
    );
  return parsed.data.rss.map(({ url, source, everySeconds, symbols }) => ({
    url,
    name: source ?? null,
    everyMs: everySeconds * 1_000,
    symbols,
  }));
}

/** News of RSS and Atom documents. It needs no engine: articles go to Kafka alone. */
export class NewsFeed implements Feed {
  readonly name = "news";
  readonly #sources: readonly SyndicationSource[];
  readonly #kafka: KafkaSettings;

  constructor(sources: readonly SyndicationSource[], kafka: KafkaSettings) {
    this.#sources = sources;
    this.#kafka = kafka;
  }

  async run({ events, log, metrics, health, signal }: FeedContext): Promise<void> {
    let pollers: SyndicationPoller[] | null = null;
    // A source out of reach is no fault of this process, and the others go on.
    health.check("sources", () => {
      if (pollers === null) throw new Error("which articles were told before is still being read");
      return pollers.map(({ status }) => status);
    });
    const earlier = await earlierArticles(createKafka(this.#kafka, "mib-feed", log), log, signal);
    pollers = this.#sources.map(
      (source) =>
        new SyndicationPoller({
          source,
          log,
          signal,
          earlier,
          onArticles: (articles) => events.publish(NEWS_TOPIC, articles),
          onFailure: () => metrics.badMessages.inc(),
        }),
    );
    log.info({ earlier: earlier.size, sources: this.#sources.map(({ url }) => url) }, "asking for news");
    await Promise.all(pollers.map((poller) => poller.run()));
  }
}
