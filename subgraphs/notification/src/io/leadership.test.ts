import { createService } from "@mib/service/run";
import { openDatabase } from "@mib/subgraph-server/database";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { expect, test } from "vitest";
import { waitForLeadership } from "./leadership.ts";

test("a leader whose connection says nothing any more ends, and the next one leads", async () => {
  await using server = await createTestDatabase("leadership");
  const home = createService("home");
  const pool = await openDatabase(home, {
    url: server.url,
    schema: "notification",
    migrations: new URL("../../migrations/", import.meta.url),
  });
  await using proxy = await startTcpProxy(server.url);
  const ended: number[] = [];
  const first = createService("first", { exit: (code) => void ended.push(code) });
  const second = createService("second");
  // Of the driver, when a client is given more than one statement to wait for.
  const warnings: string[] = [];
  const warn = ({ message }: Error) => void warnings.push(message);
  process.on("warning", warn);
  try {
    await waitForLeadership(first, proxy.through(server.url), { askMs: 50, answerMsMax: 300 });
    let leads = false;
    const next = waitForLeadership(second, server.url).then(() => (leads = true));
    await eventually(async () => {
      const { rowCount } = await pool.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
      expect(rowCount).toBe(1);
    });
    expect([leads, ended]).toEqual([false, []]);
    proxy.silence();
    await eventually(() => expect(ended).toEqual([1]), { deadlineMs: 20_000 });
    proxy.cutSilenced();
    await next;
    expect(warnings).toEqual([]);
  } finally {
    process.off("warning", warn);
    proxy.cutSilenced();
    for (const service of [second, home]) await service.shutdown("end of the test");
  }
});
