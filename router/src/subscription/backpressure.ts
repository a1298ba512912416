/** What holds events back while a socket is slow, until it is told that the socket takes more. */
export interface Holder {
  giveHeld(): void;
}

/** What puts bytes on a socket. */
export interface Outlet {
  /** Bytes that were handed over and have not left the process. */
  readonly backlogBytes: number;
  /** Bytes from which on the socket says, afterwards, that it has drained. */
  readonly highWaterMark: number;
  flush(): void;
  /** Called, where it is set, when what was queued was handed to the socket. One that takes all of it at once says nothing of its own. */
  flushed: (() => void) | null;
}

export interface BackpressureLimits {
  /** Bytes that may wait for the socket. */
  bufferBytesMax: number;
  /** For so long a client may take nothing of what waits for it. */
  stallTimeoutMs: number;
}

/** LATEST holds back from this part of the bound on. */
const HOLD_BACK_PART = 4;

/** What waits for one client's socket: whether it is too much, who holds back because of it, and since when. */
export class Backpressure {
  readonly #outlet: Outlet;
  readonly #bufferBytesMax: number;
  readonly #holdBackBytes: number;
  readonly #stallTimeoutMs: number;
  readonly #stalled: () => void;
  #holders: Holder[] = [];
  #waits: (() => void)[] = [];
  /** Runs while somebody waits or holds back. */
  #stallTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** `stalled` is called when the client has taken nothing for too long. */
  constructor(outlet: Outlet, { bufferBytesMax, stallTimeoutMs }: BackpressureLimits, stalled: () => void) {
    this.#outlet = outlet;
    this.#bufferBytesMax = bufferBytesMax;
    // Not less than the stream's own mark: only beyond it does the stream say when it has drained.
    this.#holdBackBytes = Math.max(bufferBytesMax / HOLD_BACK_PART, outlet.highWaterMark);
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#stalled = stalled;
  }

  /** Bytes that wait for the socket. */
  get backlogBytes(): number {
    return this.#outlet.backlogBytes;
  }

  /** Nothing more may wait. */
  get isFull(): boolean {
    return this.#outlet.backlogBytes > this.#bufferBytesMax;
  }

  /** So much waits that what follows should be the newest and little. */
  get isHigh(): boolean {
    return this.#outlet.backlogBytes > this.#holdBackBytes;
  }

  /** Something holds events back until the socket has drained. */
  giveHeldLater(holder: Holder): void {
    if (this.#isClosed) return;
    this.#holders.push(holder);
    this.#startStallTimer();
  }

  /** Resolves when what waits for the socket is little, or the socket is gone. */
  async drained(): Promise<void> {
    if (this.#isClosed || !this.isHigh) return;
    // What is still queued would not make the stream say that it has drained.
    this.#outlet.flush();
    if (!this.isHigh) return;
    this.#startStallTimer();
    await new Promise<void>((resolve) => this.#waits.push(resolve));
  }

  /** The socket has drained. */
  release(): void {
    this.#endWaits();
    const holders = this.#holders;
    if (holders.length === 0) return;
    this.#holders = [];
    for (const holder of holders) holder.giveHeld();
  }

  /** The socket is gone, or nothing more is sent. */
  close(): void {
    this.#isClosed = true;
    this.#holders = [];
    this.#endWaits();
  }

  #startStallTimer(): void {
    if (this.#stallTimer !== null) return;
    this.#stallTimer = setTimeout(this.#stalled, this.#stallTimeoutMs);
    this.#outlet.flushed = () => {
      if (!this.isHigh) this.release();
    };
  }

  #endWaits(): void {
    if (this.#stallTimer) clearTimeout(this.#stallTimer);
    this.#stallTimer = null;
    this.#outlet.flushed = null;
    const waits = this.#waits;
    this.#waits = [];
    for (const resolve of waits) resolve();
  }
}
