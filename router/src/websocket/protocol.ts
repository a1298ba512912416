export interface SubscribeMessage {
  type: "subscribe";
  id: string;
  payload: Record<string, unknown>;
}

export type ClientMessage =
  | { type: "connection_init"; payload: Record<string, unknown> | undefined }
  | { type: "ping"; payload: Record<string, unknown> | undefined }
  | { type: "pong" }
  | SubscribeMessage
  | { type: "complete"; id: string };

/** A message of a client; null when it is none of the protocol's. */
export function readClientMessage(text: string): ClientMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isMap(message)) return null;
  const { type, id, payload } = message;
  switch (type) {
    case "connection_init":
    case "ping":
      return payload == null ? { type, payload: undefined } : isMap(payload) ? { type, payload } : null;
    case "pong":
      return payload == null || isMap(payload) ? { type } : null;
    case "subscribe": {
      if (typeof id !== "string" || id === "" || !isMap(payload) || typeof payload["query"] !== "string") return null;
      const { operationName, variables, extensions } = payload;
      if (operationName != null && typeof operationName !== "string") return null;
      if ((variables != null && !isMap(variables)) || (extensions != null && !isMap(extensions))) return null;
      return { type, id, payload };
    }
    case "complete":
      return typeof id === "string" && id !== "" ? { type, id } : null;
    default:
      return null;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
