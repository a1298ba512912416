import type { Direction, TcpProxy } from "@mib/testkit/tcp-proxy";
import { type Fault, type FaultTarget, type FaultWorld, nothing } from "./fault.ts";

interface Link {
  part: string;
  proxy: TcpProxy;
}

const clientLinks = ({ stack }: FaultWorld): Link[] =>
  stack.routers.map(({ process, clients }) => ({ part: `clients of ${process.name}`, proxy: clients }));
const redisLinks = ({ stack }: FaultWorld): Link[] => [
  ...stack.routers.map(({ process, redis }) => ({ part: `${process.name} to Redis`, proxy: redis })),
  { part: "relay to Redis", proxy: stack.relay.redis },
];

const onLinks =
  (links: (world: FaultWorld) => Link[], inflict: (proxy: TcpProxy) => ReturnType<FaultTarget["inflict"]>) =>
  (world: FaultWorld): FaultTarget[] =>
    links(world).map(({ part, proxy }) => ({ part, inflict: () => inflict(proxy) }));

const cut = (proxy: TcpProxy) => {
  proxy.cut();
  return nothing;
};
const refuse = (proxy: TcpProxy) => {
  proxy.refuses = true;
  proxy.cut();
  return () => (proxy.refuses = false);
};
/** The connections stay open on both sides, and nothing passes on them ever again. */
const halfOpen = (direction: Direction) => (proxy: TcpProxy) => {
  proxy.silence(direction);
  return nothing;
};
const hold = (direction: Direction) => (proxy: TcpProxy) => {
  proxy.hold(direction);
  return () => proxy.release();
};

/** `Redis` in a kind: between Redis and a router, or the relay. */
export const NETWORK_FAULTS: readonly Fault[] = [
  { kind: "clients cut off", weight: 10, lastsMs: [0, 300], targets: onLinks(clientLinks, cut) },
  { kind: "clients cut off and refused", weight: 4, lastsMs: [200, 2_000], targets: onLinks(clientLinks, refuse) },
  { kind: "half-open clients", weight: 4, lastsMs: [0, 300], targets: onLinks(clientLinks, halfOpen("BOTH")) },
  {
    kind: "half-open clients, to them",
    weight: 3,
    lastsMs: [0, 300],
    targets: onLinks(clientLinks, halfOpen("TO_CLIENT")),
  },
  {
    kind: "half-open clients, from them",
    weight: 3,
    lastsMs: [0, 300],
    targets: onLinks(clientLinks, halfOpen("TO_SERVER")),
  },
  { kind: "black hole to clients", weight: 4, lastsMs: [200, 4_000], targets: onLinks(clientLinks, hold("TO_CLIENT")) },
  {
    kind: "black hole from clients",
    weight: 4,
    lastsMs: [200, 4_000],
    targets: onLinks(clientLinks, hold("TO_SERVER")),
  },
  { kind: "cut off from Redis", weight: 6, lastsMs: [0, 300], targets: onLinks(redisLinks, cut) },
  { kind: "cut off from Redis and refused", weight: 4, lastsMs: [200, 3_000], targets: onLinks(redisLinks, refuse) },
  { kind: "half-open to Redis", weight: 3, lastsMs: [0, 300], targets: onLinks(redisLinks, halfOpen("BOTH")) },
  {
    kind: "half-open to Redis, what it says",
    weight: 2,
    lastsMs: [0, 300],
    targets: onLinks(redisLinks, halfOpen("TO_CLIENT")),
  },
  {
    kind: "half-open to Redis, what it is told",
    weight: 2,
    lastsMs: [0, 300],
    targets: onLinks(redisLinks, halfOpen("TO_SERVER")),
  },
  { kind: "black hole from Redis", weight: 3, lastsMs: [200, 4_000], targets: onLinks(redisLinks, hold("TO_CLIENT")) },
  { kind: "black hole to Redis", weight: 3, lastsMs: [200, 4_000], targets: onLinks(redisLinks, hold("TO_SERVER")) },
];
