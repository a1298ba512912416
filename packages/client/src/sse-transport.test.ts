import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { createStreamClient } from "./stream-client.ts";

/** A router that answers so many subscriptions, as a browser would let through, and beats on them. */
async function answering(count: { max: number }) {
  const open = new Set<ServerResponse>();
  let asked = 0;
  let probes = 0;
  const server = createServer((request, response) => {
    if (request.headers.accept !== "text/event-stream") {
      probes += 1;
      response.end("{}");
      return;
    }
    asked += 1;
    if (open.size >= count.max) return;
    open.add(response);
    response.on("close", () => open.delete(response));
    response.writeHead(200, { "content-type": "text/event-stream" }).write(":\n\n");
  });
  const beating = setInterval(() => {
    for (const response of open) response.write(":\n\n");
  }, 20);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    clearInterval(beating);
    server.closeAllConnections();
    server.close();
  });
  const client = createStreamClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keepAliveMs: 1_500,
  });
  onTestFinished(() => client.dispose());
  return { client, open, asked: () => asked, probes: () => probes };
}

const follow = ({ client }: { client: ReturnType<typeof createStreamClient> }) =>
  client.subscribe({ query: "subscription { numbers { id } }" }, { next: () => {} });

test("a subscription that waits for its response is tried again, and costs the others nothing", async () => {
  const router = await answering({ max: 1 });
  const first = follow(router);
  await eventually(() => expect(router.open.size).toBe(1));
  const [held] = router.open;
  follow(router);
  await eventually(() => expect(router.asked()).toBeGreaterThan(2), { deadlineMs: 60_000 });
  expect([...router.open]).toEqual([held]);
  expect(router.probes()).toBe(1);
  first.stop();
  await eventually(() => expect([router.open.size, router.open.has(held!)]).toEqual([1, false]), {
    deadlineMs: 60_000,
  });
});

test("a router that answers no subscription counts as lost", async () => {
  const router = await answering({ max: 0 });
  follow(router);
  await eventually(() => expect(router.probes()).toBeGreaterThan(1), { deadlineMs: 60_000 });
});
