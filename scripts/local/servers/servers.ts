import type { Installed } from "../install/plan.mjs";
import type { Part } from "../part.ts";
import { kafkaPart } from "./kafka.ts";
import { postgresPart } from "./postgres.ts";
import { redisPart } from "./redis.ts";
import { vectorStorePart } from "./vector-store.ts";

export interface ServerOptions {
  root: string;
  setFolder: string;
  ports: Record<"postgres" | "redis" | "kafka" | "kafka-controller" | "vector-store", number>;
  installed: { [Name in keyof Installed]?: Promise<Installed[Name]> } & {
    [Name in "redis" | "kafka" | "vector-store"]: Promise<Installed[Name]>;
  };
  notice(text: string): void;
}

export type ServerPart = Part & { url: string };

/** The four servers of the stack, each ours or one that its URL names. */
export function serverParts({
  root,
  setFolder,
  ports,
  installed,
  notice,
}: ServerOptions): Record<"postgres" | "redis" | "kafka" | "vector-store", ServerPart> {
  return {
    postgres: postgresPart({ setFolder, port: ports.postgres, notice, packages: installed.npm ?? Promise.resolve() }),
    redis: redisPart({ setFolder, port: ports.redis, installation: installed.redis }),
    kafka: kafkaPart({
      root,
      setFolder,
      port: ports.kafka,
      controllerPort: ports["kafka-controller"],
      installation: installed.kafka,
    }),
    "vector-store": vectorStorePart({
      setFolder,
      port: ports["vector-store"],
      installation: installed["vector-store"],
    }),
  };
}
