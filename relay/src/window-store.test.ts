import { eventually } from "@mib/testkit/eventually";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { startOwnRedis } from "./own-redis.ts";
import { WindowStore } from "./window-store.ts";

test("why there is no connection to Redis is told once, and again when it changes", async () => {
  const own = await startOwnRedis(["--requirepass", ""]);
  const admin = new Redis(own.url);
  admin.on("error", () => {});
  const told: string[] = [];
  const config = { REDIS_URL: [own.url.replace("//", "//default:hunter2@")] as const, REDIS_CLUSTER: false };
  const store = new WindowStore(config, ({ message }) => told.push(message));
  try {
    await eventually(() => store.ping());
    await admin.config("SET", "requirepass", "another");
    await admin.call("CLIENT", "KILL", "TYPE", "normal");
    await eventually(() => expect(told).toEqual([expect.stringContaining("WRONGPASS")]));
    const tries = await store.ping().catch((error: unknown) => String(error));
    expect(tries).not.toContain("WRONGPASS");
    await own.kill();
    await eventually(() => expect(told.at(-1)).toContain("ECONNREFUSED"));
    expect(told.filter((reason) => reason.includes("WRONGPASS"))).toHaveLength(1);
  } finally {
    admin.disconnect();
    await store.close();
    await own.stop();
  }
});

test.each([false, true])(
  "a Redis that stands still fails what waits for it, and answers again when it goes on (cluster: %s)",
  async (cluster) => {
    const own = await startOwnRedis(cluster ? ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"] : []);
    const store = new WindowStore({ REDIS_URL: [own.url], REDIS_CLUSTER: cluster });
    const admin = new Redis(own.url);
    if (cluster) await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    const progress = () => store.progress("topic", 0);
    try {
      await eventually(progress);
      const goOn = own.pause();
      // Because the connection is ended, long before the command's own time is over.
      await expect(progress()).rejects.toThrow(/^(?!Command timed out)/);
      goOn();
      expect(await eventually(progress)).toBeNull();
    } finally {
      admin.disconnect();
      await store.close();
      await own.stop();
    }
  },
);
