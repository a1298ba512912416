import { kindNamed } from "../ingest/ingest-kind.ts";
import type { SimulatedInstrument, Universe } from "./instruments.ts";
import type { Jump } from "./jumps.ts";
import { Random } from "./random.ts";

/** As `social.posts.v1` carries it. */
export interface Post {
  id: string;
  source: string;
  author: string;
  text: string;
  url: null;
  at: string;
  instruments: { symbol: string }[];
}

const SOURCES = ["Pit Chatter (simulated)", "Ticker Talk (simulated)"] as const;
const AUTHORS = ["basis", "carry", "delta", "gamma", "lot", "margin", "skew", "swing", "theta", "tick"] as const;
const CALM_INTERVAL_S = 45;
const PAST_INTERVAL_S = 1_200;
const ABOUT_A_JUMP_MAX = 4;
const DELAY_S = { min: 2, max: 90 } as const;

const UP = [
  "{tag} is flying, up {move} in minutes. Who knew?",
  "Shorts in {tag} got squeezed hard, {move} higher",
  "Great move in {tag}! Still long and happy",
  "{tag} breaks out, strong buying everywhere",
  "Missed the rally in {tag} again",
];
const DOWN = [
  "{tag} just crashed {move}, what happened?",
  "Stopped out of {tag}, terrible day",
  "Panic selling in {tag}, down {move}",
  "{tag} is weak, I fear more losses",
  "Bought the dip in {tag} after it fell {move}",
];
const CALM = [
  "Watching {tag}, nothing to do so far",
  "Anyone else adding to {tag} here?",
  "{tag} looks quiet today, spreads are tight",
  "Took a small profit in {tag}",
  "What is the best level to buy {tag}?",
  "I worry about {tag} into the weekend",
  "Volume in {tag} picks up a little",
];

/** What people of the simulated world post: about this and that, and about what moved. It reads no clock. */
export class Crowd {
  readonly #instruments: readonly SimulatedInstrument[];
  readonly #weight: number;
  readonly #startSeconds: number;
  // Apart, so that what is posted does not depend on when jumps are told.
  readonly #calm: Random;
  readonly #excited: Random;
  readonly #bySymbol: ReadonlyMap<string, SimulatedInstrument>;
  #pending: { atSeconds: number; post: Post }[] = [];
  #calmAtSeconds: number;

  /** Begins in the past, which ends at the start. */
  constructor(seed: string, { instruments }: Universe, fromSeconds: number, startSeconds: number) {
    this.#instruments = instruments;
    this.#weight = instruments.reduce((sum, { weight }) => sum + weight, 0);
    this.#bySymbol = new Map(instruments.map((instrument) => [instrument.definition.symbol, instrument]));
    this.#startSeconds = startSeconds;
    this.#calm = new Random(seed, "posts");
    this.#excited = new Random(seed, "posts about jumps");
    this.#calmAtSeconds = this.#next(fromSeconds);
  }

  /** Takes note of a jump that just happened: some write about it. */
  report({ atMicros, symbols, logSize }: Jump): void {
    const subject = this.#bySymbol.get(symbols[0] ?? "");
    if (subject === undefined) return;
    const move = `${(Math.abs(Math.expm1(logSize)) * 100).toFixed(1)}%`;
    const random = this.#excited;
    for (let left = 1 + random.below(ABOUT_A_JUMP_MAX); left > 0; left -= 1) {
      const atSeconds = atMicros / 1e6 + random.between(DELAY_S.min, DELAY_S.max);
      const text = random.pick(logSize > 0 ? UP : DOWN).replace("{move}", move);
      this.#pending.push({ atSeconds, post: post(random, subject, text, atSeconds) });
    }
  }

  /** What was posted up to a time and not told before, oldest first. */
  due(untilSeconds: number): Post[] {
    const due = this.#pending.filter(({ atSeconds }) => atSeconds <= untilSeconds);
    this.#pending = this.#pending.filter(({ atSeconds }) => atSeconds > untilSeconds);
    while (this.#calmAtSeconds <= untilSeconds) {
      const atSeconds = this.#calmAtSeconds;
      due.push({ atSeconds, post: post(this.#calm, this.#ofInterest(), this.#calm.pick(CALM), atSeconds) });
      this.#calmAtSeconds = this.#next(atSeconds);
    }
    return due.sort((a, b) => a.atSeconds - b.atSeconds).map((each) => each.post);
  }

  /** From the start on more is posted: what was drawn for the past reaches to the start only. */
  #next(atSeconds: number): number {
    if (atSeconds >= this.#startSeconds) return atSeconds + this.#calm.exponential(CALM_INTERVAL_S);
    const next = atSeconds + this.#calm.exponential(PAST_INTERVAL_S);
    return next < this.#startSeconds ? next : this.#startSeconds + this.#calm.exponential(CALM_INTERVAL_S);
  }

  /** The more an instrument is traded, the more is posted about it. */
  #ofInterest(): SimulatedInstrument {
    let left = this.#calm.next() * this.#weight;
    return this.#instruments.find(({ weight }) => (left -= weight) < 0) ?? this.#instruments[0]!;
  }
}

function post(random: Random, subject: SimulatedInstrument, text: string, atSeconds: number): Post {
  const { symbol } = subject.definition;
  const tag = subject.market === "fx" ? symbol : `$${symbol.replace(/USDT$/, "")}`;
  const said = {
    source: random.pick(SOURCES),
    author: `${random.pick(AUTHORS)}${random.below(90) + 10}`,
    text: text.replace("{tag}", tag),
    url: null,
    at: new Date(Math.floor(atSeconds) * 1_000).toISOString().replace(".000Z", "Z"),
    instruments: [{ symbol }],
  };
  return { id: kindNamed("posts").id(said), ...said };
}
