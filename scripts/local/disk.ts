import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { postgresDataFolder } from "./servers/postgres.ts";

/** What a data set may take on the disk: topics, journal and logs are bounded so that their sum stays below. */
export const DISK_BYTES_MAX = 8_000_000_000;

/** What a data set takes on the disk, wherever it lies. */
export async function diskBytes(setFolder: string): Promise<number> {
  const postgres = postgresDataFolder(setFolder);
  const elsewhere = postgres.startsWith(setFolder) ? 0 : await folderBytes(postgres);
  return (await folderBytes(setFolder)) + elsewhere;
}

const BLOCK_BYTES = 512;

async function folderBytes(path: string): Promise<number> {
  try {
    const stat = await lstat(path);
    if (!stat.isDirectory()) return stat.blocks * BLOCK_BYTES;
    const sizes = await Promise.all((await readdir(path)).map((name) => folderBytes(join(path, name))));
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  } catch {
    // Files come and go while servers run.
    return 0;
  }
}
