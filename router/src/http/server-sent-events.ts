/** A result, as GraphQL over SSE has it. The text has no line breaks, as JSON without indentation. */
export const serverSentEvent = (result: string): string => `event: next\ndata: ${result}\n\n`;

/** Says that no result follows. With data, though empty: without it a browser would not tell its page. */
export const COMPLETE_EVENT = "event: complete\ndata:\n\n";
