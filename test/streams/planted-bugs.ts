import type { PlantedBug } from "../plant-bug.ts";

/** Bugs that the faults must bring to light; each is planted alone, as the routers load their source. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "holes are not closed",
    file: "streams/hub.ts",
    find: `if (relation === "OTHER_EPOCH" || (relation === "HOLE" && everyEvent)) return false;`,
    replace: `if (relation === "OTHER_EPOCH") return false;`,
  },
  {
    name: "quiet channels are not compared with their windows",
    file: "streams/hub.ts",
    find: `if (channel.state === "LIVE" && channel.quietSinceVerified) this.#read(channel);`,
    replace: "",
  },
  {
    name: "what a subscriber read while it caught up comes again",
    file: "streams/group.ts",
    find: `if (isUpTo(position, { epoch, id })) return null;`,
    replace: "",
  },
  {
    name: "a slow subscriber misses the event that was too much",
    file: "streams/group.ts",
    find: `subscriber.resume = { epoch: entry.epoch, id: entry.prev, count`,
    replace: `subscriber.resume = { epoch: entry.epoch, id: entry.id, count`,
  },
  {
    name: "messages that were missed while Redis was away are not looked for",
    file: "streams/hub.ts",
    find: `      channel.readNumber += 1;
    }
  }

  /** A message of a channel, as it was published. */`,
    replace: `      channel.readNumber += 1;
      channel.position = null;
      channel.positionKnown = false;
    }
  }

  /** A message of a channel, as it was published. */`,
  },
  {
    name: "one that goes on is not told so",
    file: "streams/resume/replay.ts",
    find: `if (tellsCount) subscriber.note =`,
    replace: `if (tellsCount === null) subscriber.note =`,
  },
  {
    name: "what was trimmed of a Redis stream is not missed",
    file: "streams/redis-log/redis-log-source.ts",
    find: `const isKnown = i > 0 || isComplete;`,
    replace: `const isKnown = i > 0 || isComplete !== null;`,
  },
  {
    name: "what Kafka has of a hole is left out",
    file: "streams/resume/replay.ts",
    find: `for (const some of inPieces(past?.events ?? [])) {`,
    replace: `for (const some of inPieces(past?.events.slice(1) ?? [])) {`,
  },
];
