import { expect, test } from "vitest";
import { answerAdmin } from "./admin-server.ts";
import { createService } from "./run.ts";

test("shutdown runs the steps once, the last registered first, and goes on after a failing one", async () => {
  const service = createService("test");
  const ran: string[] = [];
  service.onShutdown("first", () => void ran.push("first"));
  service.onShutdown("second", () => {
    ran.push("second");
    throw new Error("no");
  });
  await Promise.all([service.shutdown("a"), service.shutdown("b")]);
  expect(ran).toEqual(["second", "first"]);
  expect(service.shutdownSignal.aborted).toBe(true);
});

test("a failing check makes the process not ready and says which", async () => {
  const service = createService("test");
  service.health.check("good", () => ({ lag: 0 }));
  service.health.check("bad", () => {
    throw new Error("no connection");
  });
  const { status, body } = await answerAdmin(service, "/ready");
  expect(status).toBe(503);
  expect(JSON.parse(body).checks).toEqual({
    good: { ok: true, detail: { lag: 0 } },
    bad: { ok: false, detail: "no connection" },
  });
  expect((await answerAdmin(service, "/health")).status).toBe(200);
});
