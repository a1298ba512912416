// Loaded before the fuzzer (`--import`): changes the source of one module of the router as PLANTED_BUG says.
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { PLANTED_BUGS } from "./planted-bugs.ts";

const bug = PLANTED_BUGS[Number(process.env["PLANTED_BUG"])]!;
const file = new URL(`../../../router/src/${bug.file}`, import.meta.url).href;

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
