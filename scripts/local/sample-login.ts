import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "./run-file.mjs";

export interface SampleLogin {
  email: string;
  password: string;
}

const LOG_IN = `mutation ($email: String!, $password: String!) { logIn(email: $email, password: $password) { accessToken } }`;
const SIGN_UP = `mutation ($email: String!, $password: String!) { signUp(email: $email, password: $password) { accessToken } }`;

/** A user to try things with: signed up through the API at the first start, the same one afterwards. */
export async function openSampleLogin({
  graphqlUrl,
  setFolder,
}: {
  graphqlUrl: string;
  setFolder: string;
}): Promise<SampleLogin> {
  const file = join(setFolder, "sample-login.json");
  const known: SampleLogin | null = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as SampleLogin) : null;
  if (known !== null && (await succeeds(graphqlUrl, LOG_IN, known))) return known;
  const login = {
    email: known === null ? "demo@example.com" : `demo-${randomBytes(3).toString("hex")}@example.com`,
    password: randomBytes(15).toString("base64url"),
  };
  if (!(await succeeds(graphqlUrl, SIGN_UP, login))) {
    // The address is taken: the database is older than this folder, or another's.
    login.email = `demo-${randomBytes(3).toString("hex")}@example.com`;
    if (!(await succeeds(graphqlUrl, SIGN_UP, login)))
      throw new Error(`the sample user could not be signed up at ${graphqlUrl}`);
  }
  writeAtomically(file, JSON.stringify(login, null, 2));
  return login;
}

async function succeeds(graphqlUrl: string, query: string, variables: SampleLogin): Promise<boolean> {
  const response = await fetch(graphqlUrl, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json" },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = (await response.json()) as { errors?: unknown[] };
  return response.ok && answer.errors === undefined;
}
