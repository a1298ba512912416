import { Pool } from "undici";

export interface Load {
  requests: number;
  seconds: number;
  /** In milliseconds. */
  latencies: number[];
}

/**
 * Sends requests over `connections` connections, on each the next as soon as the answer is there, and checks the
 * length of every answer.
 */
export async function closedLoop(
  origin: string,
  path: string,
  bodyOf: (request: number) => string,
  options: { connections: number; seconds: number; answerBytes: number },
): Promise<Load> {
  const pool = new Pool(origin, { connections: options.connections, pipelining: 1 });
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + options.seconds * 1_000;
  const headers = { "content-type": "application/json", accept: "application/json" };
  let sentSoFar = 0;
  const connection = async (): Promise<void> => {
    while (performance.now() < end) {
      const body = bodyOf(sentSoFar++);
      const sent = performance.now();
      const { statusCode, body: answer } = await pool.request({ method: "POST", path, headers, body });
      const bytes = (await answer.arrayBuffer()).byteLength;
      if (statusCode !== 200 || bytes !== options.answerBytes)
        throw new Error(`an answer of ${bytes} bytes with status ${statusCode}`);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
  const seconds = (performance.now() - start) / 1_000;
  await pool.destroy();
  return { requests: latencies.length, seconds, latencies };
}
