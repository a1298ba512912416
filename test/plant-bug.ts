import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** A change of the router's source that makes it wrong in one way. `find` occurs in the file once. */
export interface PlantedBug {
  name: string;
  /** Below router/src. */
  file: string;
  find: string;
  replace: string;
}

/** Changes the source of one module of the router as this process loads it. */
export function plantBug(bug: PlantedBug): void {
  const file = new URL(`../router/src/${bug.file}`, import.meta.url).href;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== file || loaded.source === undefined || loaded.source === null) return loaded;
      const source =
        typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
      if (source.split(bug.find).length !== 2)
        throw new Error(`${fileURLToPath(url)} does not have "${bug.find}" once: correct planted-bugs.ts`);
      return { ...loaded, source: source.replace(bug.find, () => bug.replace) };
    },
  });
}
