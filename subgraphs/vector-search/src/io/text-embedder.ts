import { CodedError } from "@mib/service/coded-error";

/** Queries go before documents. */
export type Urgency = "query" | "document";

/** Turns a text into a unit vector. TextRefused for one that the model does not take. */
export interface TextEmbedder {
  embed(text: string, urgency: Urgency): Promise<number[]>;
}

/** The model takes others, and not this text. */
export class TextRefused extends CodedError {
  constructor(cause: unknown) {
    super("BAD_USER_INPUT", "The text can't be embedded: search for another one, or by words.", {}, { cause });
  }
}

/** The vector of a text that is stored; null for one that the model does not take, which is stored without. */
export async function documentVector(embedder: TextEmbedder, text: string): Promise<number[] | null> {
  try {
    return await embedder.embed(text, "document");
  } catch (error) {
    if (error instanceof TextRefused) return null;
    throw error;
  }
}
