import { Counter, Gauge, Registry } from "@mib/service/metrics";
import { createLogger } from "@mib/service/log";
import { expect, test } from "vitest";
import { routerConfigSchema } from "../config/router-config.ts";
import { Reloader, type Loaded, type ReloaderOptions } from "./reloader.ts";

const loaded = (supergraphSdl: string, settings: object = {}): Loaded => ({
  config: routerConfigSchema.parse({ supergraph: { file: "s" }, ...settings }),
  supergraphSdl,
  keyPair: null,
});

function reloaderFor(start: Loaded) {
  const registry = new Registry();
  const said: { level: string; value: unknown }[] = [];
  const say = (level: string) => (value: unknown) => void said.push({ level, value });
  const disk: { now: Awaited<ReturnType<ReloaderOptions["read"]>> } = { now: start };
  const applied: Loaded[] = [];
  let refuse: Error | null = null;
  const registers = [registry];
  const reloader = new Reloader(start, {
    read: async () => disk.now,
    async apply(next) {
      if (refuse) throw refuse;
      applied.push(next);
    },
    log: { ...createLogger("test"), info: say("info"), warn: say("warn"), error: say("error") } as never,
    reloads: new Counter({ name: "reloads", help: "-", labelNames: ["outcome"], registers }),
    refused: new Gauge({ name: "refused", help: "-", registers }),
  });
  return {
    reloader,
    applied,
    said,
    write: (next: typeof disk.now) => void (disk.now = next),
    refuse: (error: Error | null) => void (refuse = error),
    metrics: async () => (await registry.metrics()).match(/^(reloads|refused).*$/gm),
  };
}

test("what changed is brought into use once, and what did not is left alone", async () => {
  const { reloader, applied, write, metrics } = reloaderFor(loaded("old"));
  await reloader.reload();
  write(loaded("new"));
  await Promise.all([reloader.reload(), reloader.reload()]);
  expect(applied.map(({ supergraphSdl }) => supergraphSdl)).toEqual(["new"]);
  expect(await metrics()).toEqual([`reloads{outcome="applied"} 1`, "refused 0"]);
});

test("problems in the file are reported, the old goes on, and a good one ends it", async () => {
  const { reloader, applied, said, write, metrics } = reloaderFor(loaded("old"));
  write({ problems: ["router.yaml:3: no"] });
  await reloader.reload();
  expect(said).toEqual([{ level: "error", value: { problems: ["router.yaml:3: no"] } }]);
  expect(await metrics()).toEqual([`reloads{outcome="refused"} 1`, "refused 1"]);
  expect([applied, reloader.current.supergraphSdl]).toEqual([[], "old"]);
  write(loaded("old"));
  await reloader.reload();
  expect((await metrics())!.at(-1)).toBe("refused 0");
});

test("what cannot be applied is refused, and tried again when it is told again", async () => {
  const { reloader, applied, write, refuse } = reloaderFor(loaded("old"));
  refuse(new Error("no supergraph"));
  write(loaded("new"));
  await reloader.reload();
  expect(reloader.current.supergraphSdl).toBe("old");
  refuse(null);
  await reloader.reload();
  expect(applied).toHaveLength(1);
});

test("settings that only a restart changes are named", async () => {
  const { reloader, said, write } = reloaderFor(loaded("old"));
  const authentication = { revocations: { topic: "revocations" } };
  write(loaded("old", { listen: { port: 1 }, introspection: false, authentication }));
  await reloader.reload();
  expect(said.at(-1)).toEqual({ level: "warn", value: { settings: ["listen", "authentication.revocations"] } });
});
