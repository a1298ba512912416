import type { Source } from "../types.ts";

const TEXT = { SIMULATED: "SIM", REPLAY: "REPLAY", LIVE: "LIVE" };
const MEANING = {
  SIMULATED: "Simulated: invented prices",
  REPLAY: "Replayed from a capture",
  LIVE: "Live from the venue",
};

/** Says beside a price where it comes from, so that fiction is never read as fact. */
export function SourceBadge({ source }: { source: Source }) {
  return (
    <abbr className={`source ${source.toLowerCase()}`} title={MEANING[source]}>
      {TEXT[source]}
    </abbr>
  );
}
