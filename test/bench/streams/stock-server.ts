// The peer: graphql-ws on ws with graphql-js, as their documentation sets them up. One Redis connection brings the events,
// and each is executed once per subscriber. Started by streams.ts with PORT, REDIS_URL and TOPIC set.
import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import { channelName, decodeMessage } from "@mib/stream-window/layout";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";

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
await redis.subscribe(channelName(topic, "S"));
redis.on("message", (_, message) => events.emit("S", JSON.parse(decodeMessage(message).value)));

const server = createServer();
useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(Number(process.env["PORT"]), "127.0.0.1");
