import kafkajs from "kafkajs";

const partitioner = kafkajs.Partitioners.DefaultPartitioner();

/** The partition of a topic that records with this key are in: murmur2, as every producer here has it. */
export function partitionOfKey(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    leader: 0,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }));
  return partitioner({ topic: "", partitionMetadata, message: { key, value: null } });
}
