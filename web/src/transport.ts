import { pageConfig } from "./config.ts";

/** An answer that is an error: the code is one of the API's catalogue, or NETWORK when nobody answered. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/**
 * Sends a query or mutation with this token. A field that failed leaves null in the data, so the data is returned whenever
 * there is any; only an answer without data throws an `ApiError`.
 */
export async function send<Data>(
  token: string | null,
  query: string,
  variables: Record<string, unknown>,
): Promise<Data> {
  let answer: Answer<Data>;
  try {
    const response = await fetch(pageConfig().graphqlUrl, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json",
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    answer = (await response.json()) as Answer<Data>;
  } catch {
    throw new ApiError("NETWORK", "The router does not answer. Trying again helps once it is back.");
  }
  const failed = answer.errors?.[0];
  const hasData = answer.data != null && Object.values(answer.data).some((value) => value !== null);
  if (!hasData && failed) throw new ApiError(failed.extensions?.code ?? "INTERNAL_ERROR", failed.message);
  return answer.data as Data;
}
