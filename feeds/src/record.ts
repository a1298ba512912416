import { parseArgs } from "node:util";
import { field, readConfig } from "@mib/service/config";
import { CodedError } from "@mib/service/coded-error";
import { runService } from "@mib/service/run";
import { venueFields } from "./config.ts";
import { record } from "./record/recorder.ts";
import { chooseVenue } from "./venues/choose-venue.ts";

// `npm run record`: what an exchange says, into a file that `--feed replay` reads.

const EXIT_CODE_USAGE = 64;
const USAGE =
  "npm run record -- --feed binance|coinbase|kraken --out FILE [--symbols A,B] [--minutes N] [--gigabytes N]";

const shape = {
  FEED: field.oneOf(["binance", "coinbase", "kraken"]),
  FEED_OUT: field.text(),
  FEED_SYMBOLS: field.optional(field.list()),
  FEED_MINUTES: field.optional(field.count(undefined, { least: 1, most: 1_000_000 })),
  FEED_GIGABYTES: field.count(4, { least: 1, most: 1_000 }),
  ...venueFields,
};

const config = readConfig(shape, { ...process.env, ...given() });

await runService("record", async (service) => {
  const running = record({
    venue: chooseVenue(config.FEED, config),
    symbols: config.FEED_SYMBOLS ?? null,
    path: config.FEED_OUT,
    lengthMs: config.FEED_MINUTES === undefined ? null : config.FEED_MINUTES * 60_000,
    bytesMax: config.FEED_GIGABYTES * 1e9,
    reconnectMsMin: config.FEED_RECONNECT_MS_MIN,
    log: service.log,
    signal: service.shutdownSignal,
  });
  service.onShutdown("recording", () => running.then(() => {}).catch(() => {}));
  let counted;
  try {
    counted = await running;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exit(EXIT_CODE_USAGE);
  }
  service.log.info({ path: config.FEED_OUT, ...counted }, "recorded");
  if (service.shutdownSignal.aborted) return;
  await service.shutdown("the recording is through");
  process.exit(0);
});

function given(): Record<string, string> {
  const option = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: { feed: option, out: option, symbols: option, minutes: option, gigabytes: option },
    });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [variableOf(name), value]));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    process.exit(EXIT_CODE_USAGE);
  }
}

function variableOf(option: string): string {
  return option === "feed" ? "FEED" : `FEED_${option.toUpperCase()}`;
}
