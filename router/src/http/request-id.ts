import { randomBytes } from "node:crypto";

const GIVEN = /^[A-Za-z0-9._-]{8,128}$/;
const PROCESS = randomBytes(6).toString("base64url");
let count = 0;

/** The id that a request came with, or one that no other request of any process has. */
export function requestIdFor(given: string | string[] | undefined): string {
  if (typeof given === "string" && GIVEN.test(given)) return given;
  count += 1;
  return `${PROCESS}-${count.toString(36)}`;
}
