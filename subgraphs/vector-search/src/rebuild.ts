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

const EXIT = { failed: 1, unavailable: 69, refused: 75 };

const config = rebuildConfig();
const { models, close } = knownModels(config);
const aliases = aliasesOf(config);
const client = new QdrantClient({
  url: config.QDRANT_URL,
  ...(config.QDRANT_API_KEY === undefined ? {} : { apiKey: config.QDRANT_API_KEY }),
  checkCompatibility: false,
  timeout: 60_000,
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
    report: print,
  });
  print(
    `${points} points by ${models[0].name} (${models[0].dimension} dimensions), ${embedded} of them written by this run`,
  );
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(`${error instanceof CodedError ? `${error.code}: ` : ""}${message}\n`);
  const refused = error instanceof CodedError && error.code === "REBUILD_REFUSED";
  process.exitCode = refused ? EXIT.refused : error instanceof TypeError ? EXIT.unavailable : EXIT.failed;
} finally {
  await close();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
