import { CodedError } from "@mib/service/coded-error";

/** Asks the vector store; SEARCH_UNAVAILABLE when it can't answer. What it refuses is our mistake, unless it lost the collection. */
export async function storeCall<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const { status } = error as { status?: number };
    if (status !== undefined && status >= 400 && status < 500 && status !== 404) throw error;
    throw new CodedError("SEARCH_UNAVAILABLE", undefined, {}, { cause: error });
  }
}
