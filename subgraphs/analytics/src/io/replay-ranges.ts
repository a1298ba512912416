import { CodedError } from "@mib/service/coded-error";
import type { OffsetRange } from "@mib/events/scan-topic";

/**
 * What a rebuild reads again of a topic, where there is something: what Kafka has of what was read before. The rest is left to
 * the process that goes on from its positions, because the signals of those bars are not told yet. A partition without a
 * position in `nextOffsets`, which are those that were kept, is read to its end.
 */
export function replayRanges(
  topic: string,
  held: ReadonlyMap<number, OffsetRange>,
  nextOffsets: ReadonlyMap<number, bigint>,
): Map<number, OffsetRange> {
  const ahead = [...held].filter(([partition, { to }]) => (nextOffsets.get(partition) ?? 0n) > to);
  if (ahead.length > 0) {
    const places = ahead.map(
      ([partition, { to }]) => `partition ${partition} ends at ${to} and was read to ${nextOffsets.get(partition)}`,
    );
    throw new CodedError(
      "REBUILD_REFUSED",
      `Kafka has less of ${topic} than was read of it (${places.join("; ")}): start analytics, which reads it anew, and end it before the rebuild.`,
    );
  }
  return new Map(
    [...held]
      .map(([partition, { from, to }]): [number, OffsetRange] => [
        partition,
        { from, to: nextOffsets.get(partition) ?? to },
      ])
      .filter(([, { from, to }]) => from < to),
  );
}
