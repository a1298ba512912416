import { CodedError } from "@mib/service/coded-error";
import { modelSpec } from "../domain/forecasting/model-spec.ts";
import type { MutationResolvers, TimeRange } from "../generated/resolvers.ts";

const NOTE_LENGTH_MAX = 500;

export const Mutation: MutationResolvers = {
  trainModel: (_, { input }, { modelDesk, memory, caller }) => {
    const spec = modelSpec(input);
    if (!memory.symbols.has(spec.symbol))
      throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol: spec.symbol });
    const range = input.range == null ? { fromMs: null, toMs: null } : checkedRange(input.range);
    return modelDesk.queue(caller, {
      kind: "TRAINING",
      spec,
      promoteIfBetter: input.promoteIfBetter ?? false,
      ...range,
    });
  },
  backtest: async (_, { model: id, range }, { modelDesk, models, caller }) => {
    const model = await models.byId(id);
    if (model === null) throw new CodedError("MODEL_NOT_FOUND", undefined, { id });
    return modelDesk.queue(caller, { kind: "BACKTEST", spec: model.spec, modelId: id, ...checkedRange(range) });
  },
  cancelModelJob: (_, { id }, { modelDesk, caller }) => modelDesk.cancel(caller, id),
  promoteModel: (_, { id, note, force }, { modelDesk, caller }) =>
    modelDesk.promote(caller, { id, note: checkedNote(note), force: force ?? false }),
  rollBackModel: (_, { id, note }, { modelDesk, caller }) =>
    modelDesk.rollBack(caller, { id, note: checkedNote(note) }),
};

function checkedRange({ from, to }: TimeRange): { fromMs: number; toMs: number } {
  const range = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  if (range.fromMs >= range.toMs)
    throw new CodedError("BAD_USER_INPUT", "`from` must be before `to`.", { argument: "range" });
  return range;
}

function checkedNote(note: string | null | undefined): string | null {
  if (note != null && note.length > NOTE_LENGTH_MAX)
    throw new CodedError("BAD_USER_INPUT", `\`note\` may have at most ${NOTE_LENGTH_MAX} characters.`, {
      argument: "note",
    });
  return note ?? null;
}
