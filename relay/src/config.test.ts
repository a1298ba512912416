import { parseConfig } from "@mib/service/config";
import { expect, test } from "vitest";
import { configShape, refuseSeveralServers } from "./config.ts";

const SEVERAL = "redis://:a,b@one:1,redis://two:2";

test("several servers are those of a cluster, and a comma in a password parts none", () => {
  const parse = (environment: NodeJS.ProcessEnv) => parseConfig(configShape, environment, refuseSeveralServers);
  expect(parse({ REDIS_URL: SEVERAL, REDIS_CLUSTER: "true" })).toMatchObject({
    config: { REDIS_URL: ["redis://:a,b@one:1", "redis://two:2"] },
  });
  expect(parse({ REDIS_URL: SEVERAL })).toEqual({
    problems: ["REDIS_URL: may be several of a cluster only: set REDIS_CLUSTER"],
  });
  expect(parse({ REDIS_URL: "redis://:a,b@one:1" })).toMatchObject({ config: { REDIS_URL: ["redis://:a,b@one:1"] } });
  expect(parse({ REDIS_URL: "redis://one:1,two:2" })).toEqual({
    problems: ["REDIS_URL: must be a URL, or URLs with commas"],
  });
  expect(parse({})).toMatchObject({ config: { REDIS_URL: ["redis://127.0.0.1:16379"] } });
});
