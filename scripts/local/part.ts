/** How to run a process. */
export interface Program {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Another user than the one who starts: PostgreSQL refuses to run as root. */
  user?: { uid: number; gid: number } | undefined;
}

/** From the ground up: a stack ends layer by layer from the top, so that nothing asks for what has gone. */
export const LAYERS = ["SERVER", "ENGINE", "SERVICE", "EDGE", "FEED"] as const;

/** One process of the stack, declared: `Supervisor` starts it, watches it and ends it. */
export interface Part {
  name: string;
  layer: (typeof LAYERS)[number];
  /** Parts that must be ready before this one is started. */
  after: readonly string[];
  /** TCP ports that it listens on, all of 127.0.0.1. */
  ports: readonly number[];
  url?: string;
  adminUrl?: string;
  /** Waits for what is still being installed, makes what it needs, and says what to run; null where somebody else runs it. */
  program(): Promise<Program | null>;
  /** A real call of a client: throws while the part can't serve. */
  ready(): Promise<void>;
  /** Asked now and then while it runs: a part that fails for a minute is started again. */
  alive?: () => Promise<void>;
  /** What ends it gently; SIGTERM unless said otherwise. */
  stopSignal?: NodeJS.Signals;
  /** ALWAYS: started again whenever it ends. ON_FAILURE: only when it ends with an error. NEVER: its end with 0 is its success. */
  restart: "ALWAYS" | "ON_FAILURE" | "NEVER";
}
