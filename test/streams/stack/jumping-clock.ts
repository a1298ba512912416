// Loaded before the router (`--import`): on SIGUSR2 the time of day jumps to what CLOCK_OFFSET_FILE says, in ms from the real one.
import { readFileSync } from "node:fs";

const RealDate = Date;
let offsetMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + offsetMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
} as DateConstructor;

process.on("SIGUSR2", () => {
  offsetMs = Number(readFileSync(process.env["CLOCK_OFFSET_FILE"]!, "utf8"));
});
