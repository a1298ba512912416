import type { StreamClient } from "../clients/stream-client.ts";
import { type Fault, type FaultWorld, nothing } from "./fault.ts";

const onClients =
  (isMeant: (client: StreamClient) => boolean, harm: (client: StreamClient) => () => unknown) =>
  ({ clients }: FaultWorld) =>
    clients.filter(isMeant).map((client) => ({ part: client.name, inflict: () => harm(client) }));

export const CLIENT_FAULTS: readonly Fault[] = [
  {
    kind: "client killed",
    weight: 14,
    lastsMs: [0, 100],
    targets: onClients(
      () => true,
      (client) => {
        client.kill();
        return nothing;
      },
    ),
  },
  {
    kind: "slow client",
    weight: 5,
    lastsMs: [1_000, 6_000],
    targets: onClients(
      ({ name }) => name.startsWith("slow"),
      (client) => {
        client.pause();
        return () => client.resume();
      },
    ),
  },
];
