import { expect, test } from "vitest";
import { ResumeAdmission } from "./resume-admission.ts";

/** An admission whose time passes when the test says so; `admitted` is in order. */
function admission({ perSecond = 100, waitingMax = 1_000 } = {}) {
  let timers: { atMs: number; action: () => void }[] = [];
  let nowMs = 0;
  const clock = {
    after(milliseconds: number, action: () => void) {
      timers.push({ atMs: nowMs + milliseconds, action });
      return () => {};
    },
  };
  const resumes = new ResumeAdmission(clock, { resumesPerSecondMax: perSecond, resumesWaitingMax: waitingMax });
  const connections = new Map<string, object>();
  const made = new Map<string, object>();
  const admitted: string[] = [];
  const refused: string[] = [];
  const connectionOf = (name: string) => {
    const key = name.split(" ")[0]!;
    if (!connections.has(key)) connections.set(key, {});
    return connections.get(key)!;
  };
  const settle = async () => {
    for (let i = 0; i < 4; i++) await Promise.resolve();
  };
  return {
    resumes,
    admitted,
    refused,
    timerCount: () => timers.length,
    /** Of the connection that the name's first word names. */
    async enter(...names: string[]) {
      for (const name of names) {
        const resume = {};
        made.set(name, resume);
        void resumes.enter(resume, connectionOf(name)).then((what) => {
          if (what === "ADMITTED") admitted.push(name);
          if (what === "REFUSED") refused.push(name);
        });
      }
      await settle();
    },
    leave: (name: string) => resumes.leave(made.get(name)!, connectionOf(name)),
    async pass(milliseconds: number) {
      const untilMs = nowMs + milliseconds;
      for (;;) {
        const due = timers.find(({ atMs }) => atMs <= untilMs);
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        nowMs = due.atMs;
        due.action();
      }
      nowMs = untilMs;
      await settle();
    },
  };
}

const names = (connection: string, count: number) => Array.from({ length: count }, (_, i) => `${connection} ${i}`);
const oneEach = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

test("a few are admitted at once, and many at the rate and in order", async () => {
  const { enter, admitted, pass, resumes, timerCount } = admission({ perSecond: 100 });
  await enter(...oneEach(500));
  expect(admitted.length).toBe(10);
  expect(resumes.waitingCount).toBe(490);
  await pass(1_000);
  expect(admitted.length).toBe(110);
  await pass(2_000);
  expect(admitted.length).toBe(310);
  await pass(60_000);
  expect(admitted).toEqual(oneEach(500));
  expect(resumes.waitingCount).toBe(0);
  expect(timerCount()).toBe(0);
});

test("time in which none came lets a few more in, not all", async () => {
  const { enter, admitted, pass } = admission({ perSecond: 55 });
  await enter(...oneEach(5));
  await pass(60_000);
  await enter(...oneEach(100));
  expect(admitted.length).toBe(10);
});

test("a rate of less than one in a step is kept too", async () => {
  const { enter, admitted, pass } = admission({ perSecond: 2 });
  await enter(...oneEach(10));
  expect(admitted.length).toBe(1);
  await pass(2_010);
  expect(admitted.length).toBe(5);
});

test("one that comes while others wait has its turn after them", async () => {
  const { enter, admitted, pass } = admission({ perSecond: 50 });
  await enter(...oneEach(6));
  await enter("late");
  await pass(20);
  expect(admitted).toEqual(oneEach(6));
  await pass(20);
  expect(admitted.at(-1)).toBe("late");
});

test("connections take turns, each with its resumes in order", async () => {
  const { enter, admitted, pass } = admission({ perSecond: 10 });
  await enter("first 0", ...names("many", 4), ...names("few", 2), "one 0");
  await pass(10_000);
  expect(admitted).toEqual(["first 0", "many 0", "few 0", "one 0", "many 1", "few 1", "many 2", "many 3"]);
});

test("past so many that wait others are refused, until some were admitted or have left", async () => {
  const { enter, leave, admitted, refused, pass, resumes } = admission({ perSecond: 10, waitingMax: 2 });
  await enter(...oneEach(4));
  expect(refused).toEqual(["3"]);
  expect(resumes.retryAfterSeconds).toBe(1);
  leave("1");
  expect(resumes.waitingCount).toBe(1);
  leave("1");
  leave("0");
  expect(resumes.waitingCount).toBe(1);
  await enter("again");
  expect(refused).toEqual(["3"]);
  await pass(10_000);
  expect(admitted).toEqual(["0", "2", "again"]);
});
