/** What is worth a line where lines can't be redrawn. */
const SAID = new Set([
  "installing",
  "installed",
  "building",
  "built",
  "starting",
  "ready",
  "restarting",
  "ended",
  "failed",
]);
const NAME_WIDTH = 14;
/** What goes on: the time beside it still runs. */
const ONGOING = new Set(["installing", "building", "starting", "restarting", "stopping"]);

/**
 * Shows how the parts come up: one line each, redrawn in a terminal; elsewhere a line for each change. Times are those of the
 * step, in seconds.
 */
export class Progress {
  #out;
  #live;
  #startedAt = performance.now();
  /** @type {Map<string, { state: string, since: number, took: string[], detail: string }>} */
  #parts = new Map();
  #linesDrawn = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {NodeJS.WriteStream} out */
  constructor(out) {
    this.#out = out;
    this.#live = out.isTTY;
  }

  /**
   * @param {string} part
   * @param {string} state
   * @param {string} [detail]
   */
  state(part, state, detail = "") {
    const now = performance.now();
    const before = this.#parts.get(part);
    const entry = { state, since: now, took: before?.took ?? [], detail };
    let step = "";
    if (before !== undefined && ONGOING.has(before.state)) {
      step = seconds(now - before.since);
      entry.took.push(`${before.state} ${step}`);
    }
    if (state === "waiting" || state === "preparing") {
      if (before === undefined) this.#parts.set(part, entry);
      return;
    }
    this.#parts.set(part, entry);
    if (this.#live) this.#draw();
    else if (SAID.has(state)) {
      const more = [step, detail].filter(Boolean).join(", ");
      this.#out.write(
        `${seconds(now - this.#startedAt).padStart(8)}  ${part.padEnd(NAME_WIDTH)} ${state}${more && ` (${more})`}\n`,
      );
    }
  }

  /** Text between or below the lines. @param {string} text */
  print(text) {
    this.#erase();
    this.#out.write(text.endsWith("\n") ? text : `${text}\n`);
    if (this.#live) this.#draw();
  }

  /** From now on changes are lines of their own, below what stands. */
  close() {
    clearInterval(this.#timer);
    if (this.#live && this.#parts.size > 0) this.#draw();
    this.#live = false;
    this.#linesDrawn = 0;
  }

  #draw() {
    if (!this.#live) return;
    this.#timer ??= setInterval(() => this.#draw(), 500).unref();
    this.#erase();
    const now = performance.now();
    const width = this.#out.columns || 80;
    const lines = [...this.#parts].map(([name, { state, since, took, detail }]) => {
      const steps = ONGOING.has(state) ? [...took, `${state} ${seconds(now - since)}`] : [...took, state];
      return `  ${name.padEnd(NAME_WIDTH)} ${steps.join(" · ")}${detail && ` (${detail})`}`.slice(0, width - 1);
    });
    this.#out.write(lines.map((line) => `${line}\n`).join(""));
    this.#linesDrawn = lines.length;
  }

  #erase() {
    if (this.#linesDrawn > 0) this.#out.write(`\u001b[${this.#linesDrawn}A\u001b[J`);
    this.#linesDrawn = 0;
  }
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}
