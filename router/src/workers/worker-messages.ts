import type { HealthReport } from "@mib/service/health";

/** What one process asks the other; answered under the same id. */
export interface Asked {
  kind: "asked";
  id: number;
  what: "metrics" | "health";
}

export interface Answered {
  kind: "answered";
  id: number;
  /** To the primary: a worker's own figures, as `Asked` names them. To a worker: the text, or the report, of all. */
  answer: unknown;
}

/** A worker says that it serves. */
interface Serving {
  kind: "serving";
}

/** The primary asks a worker to end what it has and stop. */
interface Stop {
  kind: "stop";
}

export type WorkerMessage = Asked | Answered | Serving | Stop;

/** One worker's readiness, as `/ready` shows it. */
export interface WorkerHealth extends HealthReport {
  pid: number;
}
