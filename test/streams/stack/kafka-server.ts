import { join, resolve } from "node:path";
import { planServers } from "../../../scripts/local/install/plan.mjs";
import { kafkaPart } from "../../../scripts/local/servers/kafka.ts";
import { freePorts } from "../../../scripts/local/ports.ts";
import type { Reaper } from "../../../scripts/local/reaper.mjs";
import { StackProcess } from "./stack-process.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** A Kafka of its own, so that it may be killed. */
export async function kafkaServer(folder: string, reaper: Reaper): Promise<{ broker: string; process: StackProcess }> {
  const [port, controllerPort] = (await freePorts(2)) as [number, number];
  const { kafka } = await planServers({ root: ROOT, logFolder: folder });
  const part = kafkaPart({ root: ROOT, setFolder: folder, port, controllerPort, installation: kafka.install() });
  const program = async () => {
    const found = await part.program();
    if (found === null) throw new Error("KAFKA_BROKERS names a Kafka that is not ours to kill: unset it");
    return found;
  };
  const process = new StackProcess({ name: "kafka", program, ready: part.ready, folder: join(folder, "logs"), reaper });
  return { broker: part.url, process };
}
