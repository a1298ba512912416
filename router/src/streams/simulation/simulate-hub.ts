import type { StreamSpec } from "../channel.ts";
import { StreamHub } from "../hub.ts";
import { ResumeAdmission } from "../resume/resume-admission.ts";
import type { HubClock } from "../stream-source.ts";
import { Witness, type SimulationReport } from "./witness.ts";
import { CHANNELS, type Faults, type World } from "./world.ts";

/** So few that they wait for one another. */
const RESUMES_PER_SECOND_MAX = 20;
/** How many promise callbacks may follow one another in a step; a hub with its source has at most twelve. */
const MICROTASKS = 24;

/** Runs the hub through one schedule, in a new world. A run is repeated by the seed of its world. */
export async function simulateHub(world: World, faults: Faults, { steps = 160 } = {}): Promise<SimulationReport> {
  const { random } = world;
  const report: SimulationReport = {
    published: 0,
    delivered: 0,
    gaps: 0,
    holes: 0,
    recovered: 0,
    notRecovered: 0,
    problems: [],
  };
  const nothing = () => {};
  const clock: HubClock = { after: (_, action) => (world.actions.push(action), nothing) };
  const admission = new ResumeAdmission(clock, {
    resumesPerSecondMax: RESUMES_PER_SECOND_MAX,
    resumesWaitingMax: 1_000,
  });
  const hub = new StreamHub({
    source: world.source,
    history: world.history,
    clock,
    admission,
    limits: {
      queueMax: 1_000,
      executionsMax: 1 + random(3),
      channelBufferMax: 3 + random(20),
      replayEventsMax: 1_000,
    },
    observer: {
      executed: nothing,
      delivered: nothing,
      conflated: nothing,
      gap: nothing,
      resumed: nothing,
      fellBehind: nothing,
      replayed: nothing,
      duplicate: nothing,
      epochChanged: nothing,
      hole: () => void (report.holes += 1),
    },
  });
  world.hub = hub;
  const witnesses: Witness[] = [];

  const subscribe = (spec: StreamSpec, after: number | "start" | "last" | null) => {
    const witness = new Witness(world, spec, report, after === "last" ? null : after);
    witness.fromLast = after === "last";
    witnesses.push(witness);
    witness.leave = hub.open(spec, witness);
  };
  /** Goes on where one that has left ended. */
  const resume = () => {
    const witness = witnesses[random(witnesses.length)];
    if (!witness?.closed) return;
    if (witness.spec.delivery === "LATEST") subscribe(witness.spec, "last");
    else if (witness.lastSeen !== null) subscribe(witness.spec, witness.lastSeen);
  };
  const open = () => {
    const delivery = random(2) === 0 ? "EVERY" : "LATEST";
    const snapshot = random(2) === 0 ? "LAST" : "NONE";
    const channels = delivery === "EVERY" ? [CHANNELS[random(3)]!] : CHANNELS.filter(() => random(2) === 0);
    if (channels.length === 0) return;
    const selfContained = random(2) === 0;
    const spec: StreamSpec = {
      key: `${delivery} ${snapshot} ${channels.join()} ${selfContained}`,
      topic: "t",
      channels,
      filters: [],
      delivery,
      snapshot,
      selfContained,
      cursor: ({ epoch, id }) => `${epoch} ${id}`,
      execute: (payload) =>
        new Promise((resolve) => world.actions.push(() => resolve(`{"data":${JSON.stringify(payload)}}`))),
    };
    subscribe(spec, delivery === "EVERY" && random(4) === 0 ? "start" : null);
  };
  const close = () => {
    const witness = witnesses[random(witnesses.length)];
    if (!witness || witness.closed) return;
    witness.leave();
    witness.closed = true;
  };
  const runOne = () => {
    if (world.actions.length === 0) return;
    // Messages keep their order by themselves (see publish); everything else may overtake.
    world.actions.splice(random(world.actions.length), 1)[0]!();
  };

  for (let step = 0; step < steps; step++) {
    const dice = random(100);
    if (dice < 25) world.publish(CHANNELS[random(3)]!);
    else if (dice < 33) open();
    else if (dice < 38) close();
    else if (dice < 46) resume();
    else if (dice < 48 && faults.disconnect) world.disconnect();
    else if (dice < 52) world.reconnect();
    else if (dice < 53 && faults.loseData) world.loseData();
    else if (dice < 54 && faults.changeEpoch) world.changeEpoch(CHANNELS[random(3)]!);
    else if (dice < 56 && faults.loseEntries) world.loseEntry(CHANNELS[random(3)]!);
    else if (dice < 57) hub.verify();
    else runOne();
    await settle();
    for (const witness of witnesses) witness.checkHead();
  }
  // Heal, and let everything come to rest: what is then missing is lost.
  world.heal();
  for (let round = 0; round < 4; round++) {
    for (let budget = 0; world.actions.length > 0; budget++) {
      if (budget > 20_000) {
        report.problems.push("never comes to rest");
        return report;
      }
      runOne();
      await settle();
      for (const witness of witnesses) witness.checkHead();
    }
    hub.verify();
    await settle();
  }
  for (const witness of witnesses) witness.checkEnd();
  for (const witness of witnesses) if (!witness.closed) witness.leave();
  if (hub.channelCount !== 0 || hub.groupCount !== 0 || admission.waitingCount !== 0)
    report.problems.push("keeps channels, groups or resumes that nobody listens to");
  report.published = world.published;
  return report;
}

async function settle(): Promise<void> {
  for (let i = 0; i < MICROTASKS; i++) await Promise.resolve();
}
