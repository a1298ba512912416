import { accessToken } from "./session.ts";
import { send } from "./transport.ts";

/** Sends a query or mutation as whoever is logged in. Errors are `send`'s. */
export async function request<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  return send<Data>(await accessToken(), query, variables);
}
