import { CodedError } from "@mib/service/coded-error";

/** The collection has no vectors of the model that asked: an alias was switched to one of another model. */
export class ModelSwitched extends Error {}

/** How the store says that it knows no vector of a name, of a collection or of a point. */
const UNKNOWN_VECTOR = /vector name error|no vector named/iu;

/**
 * Asks the vector store; SEARCH_UNAVAILABLE when it can't answer, ModelSwitched when it has vectors of another model. What else it
 * refuses is our mistake, unless it lost the collection.
 */
export async function storeCall<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const { status, data } = error as { status?: number; data?: { status?: { error?: string } } };
    if (status === 400 && UNKNOWN_VECTOR.test(data?.status?.error ?? "")) throw new ModelSwitched("", { cause: error });
    if (status !== undefined && status >= 400 && status < 500 && status !== 404) throw error;
    throw new CodedError("SEARCH_UNAVAILABLE", undefined, {}, { cause: error });
  }
}
