/**
 * Embeds the collections of the vector store anew, by the model that the environment names, while they are searched: docs/rebuild.md.
 */
import { CodedError } from "@mib/service/coded-error";
import { QdrantClient } from "@qdrant/js-client-rest";
import { rebuildConfig } from "./config.ts";
import { ARTICLES } from "./io/article-store.ts";
import { aliasesOf, knownModels } from "./io/known-models.ts";
import { WATCHES } from "./io/news-watch-store.ts";
import { POSTS } from "./io/post-store.ts";
import { rebuildCollections } from "./io/rebuild-collections.ts";

const EXIT = { failed: 1, unavailable: 69, refused: 75, signalled: 130 };

const config = rebuildConfig();
const { models, close } = knownModels(config, ({ characters, status }) =>
  print(
    `the endpoint answers ${status} to a text of ${characters} characters: it is kept without a vector of its meaning`,
  ),
);
const aliases = aliasesOf(config);
const client = new QdrantClient({
  url: config.QDRANT_URL,
  ...(config.QDRANT_API_KEY === undefined ? {} : { apiKey: config.QDRANT_API_KEY }),
  checkCompatibility: false,
  timeout: 60_000,
});
const ending = new AbortController();
// A terminal sends its signal to the command and to us, so it may come twice.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    ending.abort(new Error(`ended by ${signal}: run it again to go on`));
    // What is being embedded fails, however long it would take.
    void close();
  });
try {
  const { embedded, points } = await rebuildCollections({
    client,
    model: models[0],
    kinds: new Map([
      [aliases.articles, ARTICLES],
      [aliases.posts, POSTS],
      [aliases.watches, WATCHES],
    ]),
    settleMs: config.REBUILD_SETTLE_MS,
    signal: ending.signal,
    report: print,
  });
  print(
    `${points} points by ${models[0].name} (${models[0].dimension} dimensions), ${embedded} of them written by this run`,
  );
} catch (error) {
  const { message } = (ending.signal.aborted ? ending.signal.reason : error) as Error;
  process.stderr.write(`${error instanceof CodedError && !ending.signal.aborted ? `${error.code}: ` : ""}${message}\n`);
  process.exitCode = exitCodeOf(error);
} finally {
  await close();
}

function exitCodeOf(error: unknown): number {
  if (ending.signal.aborted) return EXIT.signalled;
  if (error instanceof CodedError && error.code === "REBUILD_REFUSED") return EXIT.refused;
  if (error instanceof CodedError && error.code === "SERVICE_UNAVAILABLE") return EXIT.unavailable;
  return isAway(error) ? EXIT.unavailable : EXIT.failed;
}

/** The vector store could not be reached, did not answer in time or broke down. */
function isAway(error: unknown): boolean {
  const { code, status, cause, name } = error as { code?: unknown; status?: number; cause?: unknown; name?: string };
  if (/^(?:E[A-Z]+|UND_ERR_\w+)$/u.test(String(code)) || name === "QdrantClientTimeoutError") return true;
  return (status ?? 0) >= 500 || (cause instanceof Error && isAway(cause));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
