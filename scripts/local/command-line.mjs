import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/**
 * What a person asked for on the command line of `npm start`, `npm run dev` and `npm run feed`.
 * @typedef {object} StackOptions
 * @property {string} feed  which feed; `none` for none
 * @property {string[]} feedArguments  what the feed's process gets, `--feed` included
 * @property {string} set  the data set's name
 * @property {string} dataFolder  where all data sets are
 * @property {string} setFolder  where this one is
 * @property {number} portOffset  added to every port
 * @property {number} shards  how many engines share the instruments
 * @property {boolean} onlyServers
 * @property {boolean} watch  whether parts are restarted when their files change
 */

const FEEDS = ["simulator", "replay", "binance", "coinbase", "kraken", "news", "ingest", "items", "none"];
/** Which feeds an option belongs to, where it is not all of them. */
const FEEDS_OF = {
  file: ["replay", "items"],
  speed: ["replay", "items"],
  from: ["replay", "items"],
  loop: ["replay"],
  again: ["replay"],
  seed: ["simulator"],
  "start-time": ["simulator"],
  rate: ["simulator"],
  labels: ["simulator"],
  sources: ["news"],
  keys: ["ingest"],
};
/** The highest port of the stack without an offset. */
const PORT_MAX = 19_093;
const RATE_MAX = 1_000_000;
/** As many as the engine's topics have partitions. */
const SHARDS_MAX = 8;

/** A mistake of the caller: its message is for the caller, and no stack trace is. */
export class UsageError extends Error {}

/** @satisfies {import("node:util").ParseArgsOptionsConfig} */
const OPTIONS = {
  feed: { type: "string" },
  symbols: { type: "string" },
  file: { type: "string" },
  speed: { type: "string" },
  from: { type: "string" },
  loop: { type: "boolean" },
  again: { type: "boolean" },
  seed: { type: "string" },
  "start-time": { type: "string" },
  rate: { type: "string" },
  labels: { type: "string" },
  sources: { type: "string" },
  keys: { type: "string" },
  only: { type: "string" },
  set: { type: "string" },
  data: { type: "string" },
  "port-offset": { type: "string" },
  shards: { type: "string" },
  watch: { type: "boolean" },
  help: { type: "boolean", short: "h" },
};

const FEED_OPTIONS = /** @type {const} */ ([
  "symbols",
  "file",
  "speed",
  "from",
  "loop",
  "again",
  "seed",
  "start-time",
  "rate",
  "labels",
  "sources",
  "keys",
]);

export const HELP = `npm start -- [options]
  --feed ${FEEDS.join("|")}   where market data comes from (default simulator)
  --symbols A,B         only these instruments
  --file FILE           the capture to replay, or the items to tell
  --speed N|max         how fast, 1 is the capture's own pace
  --from T              the pace begins at this time of the capture; what was before is told at once
  --loop                begin again at the end
  --again               replay from the start, at later times and with new ids: what was told stays
  --seed N --start-time T --rate N   the simulator's market, its clock, its events per second
  --sources FILE        the RSS and Atom documents of --feed news
  --keys FILE           who may give items in by HTTP to --feed ingest
  --labels FILE         where the simulator writes down which jumps it made
  --only servers        PostgreSQL, Redis, Kafka and the vector store alone
  --set NAME            the data set (default: one per kind of feed)
  --data DIR            the folder of all data sets (default .data)
  --port-offset N       added to every port
  --shards N            so many engines share the instruments (default 1, at most 8)
`;

/**
 * @param {string[]} args
 * @param {string} root  the repository
 * @returns {Promise<StackOptions | "help">}
 */
export async function readCommandLine(args, root) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS, strict: true }));
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
  if (values.help) return "help";

  const feed = values.feed ?? "simulator";
  if (!FEEDS.includes(feed)) throw new UsageError(`--feed ${feed}: choose one of ${FEEDS.join(", ")}`);
  checkFeedOptions(feed, values);
  if (values.only !== undefined && values.only !== "servers")
    throw new UsageError(`--only ${values.only}: only "servers" can be asked for`);
  if ((feed === "replay" || feed === "items") && values.file === undefined)
    throw new UsageError(`--feed ${feed} needs --file FILE`);
  if (values.file !== undefined && !existsSync(values.file))
    throw new UsageError(`--file ${values.file}: there is no such file`);
  if (feed === "news" && values.sources === undefined) throw new UsageError("--feed news needs --sources FILE");
  if (feed === "ingest" && values.keys === undefined) throw new UsageError("--feed ingest needs --keys FILE");
  if (values.keys !== undefined && !existsSync(values.keys))
    throw new UsageError(`--keys ${values.keys}: there is no such file`);
  if (values.sources !== undefined && !existsSync(values.sources))
    throw new UsageError(`--sources ${values.sources}: there is no such file`);
  if (values.set !== undefined && !/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(values.set))
    throw new UsageError(`--set ${values.set}: use letters, digits, dots and dashes`);

  const dataFolder = resolve(root, values.data ?? ".data");
  const set = values.set ?? (await setOfFeed(feed, values.file));
  return {
    feed,
    feedArguments: ["--feed", feed, ...feedArguments(values)],
    set,
    dataFolder,
    setFolder: resolve(dataFolder, set),
    portOffset: wholeNumber("--port-offset", values["port-offset"] ?? "0", 65_535 - PORT_MAX),
    shards: shardCount(values.shards ?? "1"),
    onlyServers: values.only === "servers",
    watch: values.watch ?? false,
  };
}

/**
 * Refuses at once what the feed would refuse after everything else has started.
 * @param {string} feed
 * @param {Record<string, string | boolean | undefined>} values
 */
function checkFeedOptions(feed, values) {
  for (const [name, feeds] of Object.entries(FEEDS_OF))
    if (values[name] !== undefined && !feeds.includes(feed))
      throw new UsageError(`--${name} is an option of --feed ${feeds.join(" and ")}`);
  const { speed, rate, from, "start-time": startTime } = values;
  if (speed !== undefined && speed !== "max" && !(Number(speed) > 0))
    throw new UsageError(`--speed ${speed}: give a number above 0, or max`);
  if (rate !== undefined && !(/^\d+$/.test(String(rate)) && Number(rate) >= 1 && Number(rate) <= RATE_MAX))
    throw new UsageError(`--rate ${rate}: give a whole number from 1 to ${RATE_MAX}`);
  if (from !== undefined && !isTime(String(from)))
    throw new UsageError(`--from ${from}: give a time with its zone, for instance 2024-08-09T00:00:00Z`);
  if (startTime !== undefined && !isTime(String(startTime)))
    throw new UsageError(`--start-time ${startTime}: give a time with its zone, for instance 2026-01-05T14:30:00Z`);
}

/**
 * As the feed takes it (feeds/src/config.ts): without a zone a time would be another one on each machine.
 * @param {string} text
 */
function isTime(text) {
  return /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text) && Date.parse(text) > 0;
}

/** @param {Record<string, string | boolean | undefined>} values */
function feedArguments(values) {
  return FEED_OPTIONS.flatMap((name) => {
    const value = values[name];
    if (value === undefined) return [];
    if (value === true) return [`--${name}`];
    return [`--${name}`, ["file", "labels", "sources", "keys"].includes(name) ? resolve(String(value)) : String(value)];
  });
}

/**
 * Fiction and fact never mix: each kind of feed has a data set of its own, each capture too. Without a feed it is `manual`,
 * which belongs to the kind of the first feed that is started beside it.
 * @param {string} feed
 * @param {string | undefined} file
 */
async function setOfFeed(feed, file) {
  if (feed === "simulator") return "simulator";
  if (feed === "none") return "manual";
  if (feed !== "replay" || file === undefined) return "live";
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return `replay-${hash.digest("hex").slice(0, 12)}`;
}

/** @param {string} text */
function shardCount(text) {
  const count = wholeNumber("--shards", text, SHARDS_MAX);
  if (count === 0) throw new UsageError("--shards 0: there is one engine at least");
  return count;
}

/**
 * @param {string} option
 * @param {string} text
 * @param {number} most
 */
function wholeNumber(option, text, most) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new UsageError(`${option} ${text}: give a whole number up to ${most}`);
  return value;
}
