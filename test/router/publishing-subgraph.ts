import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { GraphQLError } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { createYoga, Repeater } from "graphql-yoga";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { subgraphSchema, type TestSubgraph } from "../federation/federated.ts";

/** What a subscription of the subgraph was opened with. */
export interface Opened {
  field: string;
  args: Record<string, unknown>;
  /** The subject that the subgraph was told. */
  caller: string | null;
  push(value: unknown): void;
  /** Ends it as a subgraph does, with an error where one is given. */
  end(error?: Error): void;
}

export interface PublishingSubgraph {
  /** Reached by either protocol at the same address. */
  subgraph: TestSubgraph;
  /** Those that are open, oldest first. */
  open: readonly Opened[];
  /** How many were opened so far. */
  opened: number;
  /** Sockets and streams that are connected. */
  connections: number;
  /** Pings of the graphql-transport-ws protocol that came. */
  pings: number;
  /** The payload of each `connection_init`. */
  params: Record<string, unknown>[];
  publish(field: string, value: unknown): void;
  /** Resets every connection and answers no new one until `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** From now on nothing is sent any more, and everything that comes is ignored. */
  freeze(): void;
}

const TYPE_DEFS = `
  type Query { berths: Int }
  type Subscription { arrivals(port: ID!): Arrival! mine: Note! refused: Note! }
  type Arrival { ship: Ship! berth: Int! remark: String }
  type Note { text: String! }
  type Ship @key(fields: "id", resolvable: false) { id: ID! }`;

/** A subgraph with subscriptions, served by stock graphql-ws and by GraphQL Yoga's server-sent events. */
export async function publishingSubgraph(): Promise<PublishingSubgraph> {
  const open: Opened[] = [];
  const state = { opened: 0, params: [] as Record<string, unknown>[], port: 0, pings: 0, isFrozen: false };
  const sockets = new Set<Duplex>();
  const subscribe = (field: string) => (_: unknown, args: Record<string, unknown>, context: { token: string | null }) =>
    new Repeater<unknown>(async (push, stop) => {
      const caller = subjectOf(context.token);
      const end = (error?: Error) => stop(error);
      const opened = { field, args, caller, push: (value: unknown) => void push(value), end };
      open.push(opened);
      state.opened += 1;
      await stop;
      open.splice(open.indexOf(opened), 1);
    });
  const field = (name: string) => ({ subscribe: subscribe(name), resolve: (value: unknown) => value });
  const schema = subgraphSchema(TYPE_DEFS, {
    Subscription: {
      arrivals: field("arrivals"),
      mine: field("mine"),
      refused: {
        subscribe: () => {
          throw new GraphQLError("not today", { extensions: { code: "CLOSED" } });
        },
      },
    },
    Arrival: {
      remark: ({ remark }: { remark?: string }) => {
        if (remark === "broken") throw new GraphQLError("no remark", { extensions: { code: "REMARK" } });
        return remark;
      },
    },
  });
  const yoga = createYoga({
    schema,
    logging: false,
    maskedErrors: false,
    context: ({ request }) => ({ token: request.headers.get("x-mib-identity") }),
  });

  let server: Server;
  const start = async () => {
    server = createServer(yoga);
    server.on("connection", (socket) => {
      if (state.isFrozen) socket.pause();
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    const webSockets = new WebSocketServer({ server, path: "/graphql" });
    webSockets.on("connection", (socket) =>
      socket.on("message", (data: Buffer) => (state.pings += data.toString() === '{"type":"ping"}' ? 1 : 0)),
    );
    useServer(
      {
        schema,
        onConnect: ({ connectionParams }) => void state.params.push(connectionParams ?? {}),
        context: ({ connectionParams, extra }) => {
          const { headers } = (extra as { request: IncomingMessage }).request;
          if (connectionParams?.["x-mib-identity"] !== headers["x-mib-identity"]) throw new Error("two identities");
          return { token: connectionParams?.["x-mib-identity"] ?? null };
        },
      },
      webSockets,
    );
    await new Promise<void>((resolve) => server.listen(state.port, "127.0.0.1", resolve));
    state.port = (server.address() as AddressInfo).port;
  };
  const kill = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await start();
  onTestFinished(() => (server.listening ? kill() : undefined));
  return {
    subgraph: { typeDefs: TYPE_DEFS, url: `http://127.0.0.1:${state.port}/graphql` },
    open,
    get opened() {
      return state.opened;
    },
    get connections() {
      return sockets.size;
    },
    get pings() {
      return state.pings;
    },
    params: state.params,
    publish(name, value) {
      for (const opened of open) if (opened.field === name) opened.push(value);
    },
    kill,
    start,
    freeze() {
      state.isFrozen = true;
      for (const socket of sockets) {
        socket.pause();
        socket.cork();
      }
    },
  };
}

function subjectOf(token: string | null): string | null {
  if (token === null) return null;
  return (JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as { sub?: string }).sub ?? null;
}
