import type { Credentials } from "../authentication/caller.ts";
import type { HttpRequest } from "./http-exchange.ts";

export function headerText(value: string | string[] | undefined): string | null {
  if (value === undefined) return null;
  return Array.isArray(value) ? value.join(",") : value;
}

/** What a request shows of its caller. */
export function credentialsOf({ headers }: HttpRequest): Credentials {
  return { authorization: headers.authorization ?? null, apiKey: headerText(headers["x-api-key"]) };
}
