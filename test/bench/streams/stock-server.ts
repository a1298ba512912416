// The peer: graphql-ws on ws with graphql-js, as their documentation sets them up. One Redis connection brings the events,
// and each is executed once per subscriber. Started by streams.ts with PORT, REDIS_URL, TOPIC and SOURCE set.
import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import { channelName, decodeMessage } from "@mib/stream-window/layout";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";
import { streamKey } from "./streams-bench.ts";

const schema = buildSchema(`
  type Query { nothing: String }
  type Subscription { ticks(symbol: ID!): Tick! }
  type Tick { id: ID! price: String! size: String! at: String! note: String! }`);

const events = new EventEmitter().setMaxListeners(0);
const topic = process.env["TOPIC"]!;
schema.getSubscriptionType()!.getFields()["ticks"]!.subscribe = async function* (
  _: unknown,
  { symbol }: { symbol: string },
) {
  for await (const [tick] of on(events, symbol)) yield { ticks: tick };
};

const redis = new Redis(process.env["REDIS_URL"]!);
if (process.env["SOURCE"] === "REDIS") void follow(streamKey(topic));
else {
  await redis.subscribe(channelName(topic, "S"));
  redis.on("message", (_, message) => events.emit("S", JSON.parse(decodeMessage(message).value)));
}

async function follow(key: string): Promise<never> {
  for (let last = "$"; ;) {
    const [found] = (await redis.xread("BLOCK", 0, "STREAMS", key, last))!;
    for (const [id, [, value]] of found![1]) {
      last = id;
      events.emit("S", JSON.parse(value!));
    }
  }
}

const server = createServer();
useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(Number(process.env["PORT"]), "127.0.0.1");
