/** What all parts of the benchmark of streams are given. */
export interface StreamsBench {
  topic: string;
  redisUrl: string;
  quick: boolean;
}
