import { generateKeyPairSync, randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { generateIdentityKeys } from "@mib/identity/identity-keys";
import { readRun, writeAtomically } from "./run-file.mjs";

/** Of the folder's layout and of what the parts keep in it. */
export const DATA_FORMAT = 1;
const FREE_BYTES_LEAST = 1_000_000_000;

/** What a set's folder says about itself. */
export interface SetFile {
  format: number;
  createdAt: string;
  /** The kind of feed whose prices it holds; null until one has begun. */
  feed: string | null;
  /** How many engines share its instruments; 1 when it is not said. */
  shards?: number;
}

export interface Keys {
  identityPrivateKeyFile: string;
  identityPublicKeyFile: string;
  authSigningKeyFile: string;
  cursorKeysFile: string;
}

const CURSOR_SECRET_BYTES = 32;

/** Opens a data set's folder, new or old, and holds it to be usable. Every failure says what to do. */
export function openDataSet(folder: string): void {
  try {
    mkdirSync(join(folder, "logs"), { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(
      `the data folder ${folder} can't be used (${(error as Error).message}): correct its permissions, or choose another by --data DIR`,
      { cause: error },
    );
  }
  const free = statfsSync(folder);
  const freeBytes = free.bavail * free.bsize;
  if (freeBytes < FREE_BYTES_LEAST) {
    throw new Error(
      `the disk of ${folder} has ${megabytes(freeBytes)} left and ${megabytes(FREE_BYTES_LEAST)} are needed: make room, or choose another folder by --data DIR`,
    );
  }
  const running = readRun(folder);
  if (running !== null)
    throw new Error(
      `the data set ${folder} is in use: npm start runs already as process ${running.pid}. End it with Ctrl-C there (or kill ${running.pid}), or choose another by --set NAME and --port-offset N`,
    );

  const file = join(folder, "set.json");
  if (!existsSync(file))
    return writeSetFile(folder, { format: DATA_FORMAT, createdAt: new Date().toISOString(), feed: null });
  const { format } = readSetFile(folder);
  if (format !== DATA_FORMAT) {
    const advice =
      format < DATA_FORMAT
        ? "start it with the version that made it, or clear it with"
        : "update this checkout, or clear the data with";
    throw new Error(
      `the data in ${folder} has format ${format} and this version reads ${DATA_FORMAT}: ${advice} \`npm run reset -- --set ${folder.split("/").at(-1)}\``,
    );
  }
}

export function readSetFile(folder: string): SetFile {
  const file = join(folder, "set.json");
  try {
    const parsed = JSON.parse(readFileSync(file, "utf8")) as SetFile;
    if (typeof parsed.format === "number") return parsed;
  } catch {
    // Said below.
  }
  throw new Error(
    `the data folder is damaged: ${file} can't be read. Restore it from a backup, or clear the data with \`npm run reset -- --set ${folder.split("/").at(-1)}\``,
  );
}

/** Fiction and fact never mix: a set belongs to the kind of its first feed. */
export function bindFeed(folder: string, feed: string): void {
  const kind = feed === "simulator" || feed === "replay" ? feed : "live";
  const set = readSetFile(folder);
  if (set.feed !== null && set.feed !== kind) {
    throw new Error(
      `the data set ${folder} holds prices of the kind "${set.feed}", and "${kind}" would mix with them: start with --set NAME for a new one`,
    );
  }
  if (set.feed === null) writeSetFile(folder, { ...set, feed: kind });
}

/** An engine's journal can't be divided: a set belongs to as many engines as it was begun with. */
export function bindShards(folder: string, shards: number): void {
  const set = readSetFile(folder);
  const begun = set.shards ?? (existsSync(join(folder, "engine")) ? 1 : null);
  if (begun !== null && begun !== shards) {
    throw new Error(
      `the data set ${folder} was begun with --shards ${begun}, and its journals can't be divided: start it with that, or with --set NAME for a new one`,
    );
  }
  if (set.shards === undefined && shards > 1) writeSetFile(folder, { ...set, shards });
}

function writeSetFile(folder: string, set: SetFile): void {
  writeAtomically(join(folder, "set.json"), JSON.stringify(set, null, 2));
}

/** The set's keys, made once and readable by their owner alone. */
export function openKeys(folder: string): Keys {
  const keysFolder = join(folder, "keys");
  mkdirSync(keysFolder, { recursive: true, mode: 0o700 });
  const keys: Keys = {
    identityPrivateKeyFile: join(keysFolder, "identity.key.pem"),
    identityPublicKeyFile: join(keysFolder, "identity.pub.pem"),
    authSigningKeyFile: join(keysFolder, "auth-signing.key.pem"),
    cursorKeysFile: join(keysFolder, "cursor-keys.json"),
  };
  if (!existsSync(keys.identityPrivateKeyFile) || !existsSync(keys.identityPublicKeyFile)) {
    const { privateKeyPem, publicKeyPem } = generateIdentityKeys();
    writeAtomically(keys.identityPublicKeyFile, publicKeyPem);
    writeAtomically(keys.identityPrivateKeyFile, privateKeyPem);
  }
  if (!existsSync(keys.authSigningKeyFile)) {
    writeAtomically(
      keys.authSigningKeyFile,
      generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    );
  }
  if (!existsSync(keys.cursorKeysFile)) {
    const key = { id: "1", secret: randomBytes(CURSOR_SECRET_BYTES).toString("base64") };
    writeAtomically(keys.cursorKeysFile, JSON.stringify([key]));
  }
  return keys;
}

/** Whether the disk of a folder has run out. */
export function isDiskFull(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < 64_000_000;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
