import { CodedError } from "@mib/service/coded-error";
import { createLogger } from "@mib/service/log";
import { expect, test } from "vitest";
import type { PlannedOperation, RequestHooks, RouterPlugin } from "./plugin.ts";
import { RequestChain } from "./request-chain.ts";

const log = createLogger("test", { write() {} });
const ORIGIN = { id: "1", transport: "http", method: "POST", path: "/", headers: {}, address: "" } as const;
const OPERATION = {} as PlannedOperation;
const FETCH = { subgraph: "a", entities: 0, headers: {} };

/** A chain of plugins with these names: those with a "…" take their time. What they do is told to `heard`. */
function chain(names: readonly string[], heard: string[], refusing: string | null = null) {
  const plugins = names.map((name): RouterPlugin => {
    const tell = <T>(what: string, value: T): T | Promise<T> => {
      heard.push(`${name} ${what}`);
      const refusal = `${name} ${what}` === refusing ? new CodedError("FORBIDDEN") : null;
      if (name.endsWith("…")) return refusal ? Promise.reject(refusal) : Promise.resolve(value);
      if (refusal) throw refusal;
      return value;
    };
    const hooks: RequestHooks = {
      onPlan: () => tell("plan", undefined),
      onSubgraphFetch: () => tell("fetch", ({ errorCode }) => void heard.push(`${name} after ${errorCode}`)),
    };
    return { name, onRequest: () => tell("request", hooks) };
  });
  return new RequestChain(plugins, ORIGIN, log);
}

const NAMES = ["a", "b…", "c", "d…"];
const all = (what: string) => NAMES.map((name) => `${name} ${what}`);

test("plugins are asked one after the other, those that take their time and those that do not", async () => {
  const heard: string[] = [];
  const hooks = chain(NAMES, heard);
  expect(await hooks.begin()).toBeNull();
  await hooks.plan(OPERATION);
  (await hooks.fetch(FETCH))!({ status: 200, bytes: 1, errorCode: null });
  expect(heard).toEqual([...all("request"), ...all("plan"), ...all("fetch"), ...all("after null")]);
});

test("nothing is awaited where no plugin takes its time", () => {
  const heard: string[] = [];
  const hooks = chain(["a", "b"], heard);
  expect([hooks.begin(), hooks.plan(OPERATION)]).toEqual([null, undefined]);
  expect(hooks.fetch(FETCH)).toBeTypeOf("function");
  expect(heard.length).toBe(6);
});

test.each(["request", "plan", "fetch"])(
  "who refuses a %s is the last that is asked, and those before hear of a fetch",
  async (what) => {
    for (const name of ["c", "d…"]) {
      const heard: string[] = [];
      const hooks = chain(NAMES, heard, `${name} ${what}`);
      const run = async () => {
        await hooks.begin();
        await hooks.plan(OPERATION);
        await hooks.fetch(FETCH);
      };
      await expect(run()).rejects.toMatchObject({ code: "FORBIDDEN" });
      const asked = heard.filter((each) => !each.includes("after"));
      expect(asked.at(-1)).toBe(`${name} ${what}`);
      const before = NAMES.slice(0, NAMES.indexOf(name));
      expect(heard.filter((each) => each.includes("after"))).toEqual(
        what === "fetch" ? before.map((each) => `${each} after FORBIDDEN`) : [],
      );
    }
  },
);
