import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { graphql } from "./graphql.ts";

/** The first administrator of a stack, who is an analyst as well. */
export class Analyst {
  readonly email = "analyst@example.com";
  readonly password = "correct horse battery staple 7";
  readonly #secrets = mkdtempSync(join(tmpdir(), "mib-analyst-"));

  /** What a stack has to be started with. */
  get environment(): Record<string, string> {
    const passwordFile = join(this.#secrets, "password");
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    return { AUTH_ADMIN_EMAIL: this.email, AUTH_ADMIN_PASSWORD_FILE: passwordFile };
  }

  /** A new session's headers. */
  async logIn(routerUrl: string): Promise<Record<string, string>> {
    const logIn =
      "mutation ($email: String!, $password: String!) { logIn(email: $email, password: $password) { accessToken } }";
    const { email, password } = this;
    const answer = await graphql(routerUrl, logIn, { variables: { email, password } });
    expect(answer.errors).toBeUndefined();
    return { authorization: `Bearer ${answer.data.logIn.accessToken}` };
  }

  forget(): void {
    rmSync(this.#secrets, { recursive: true, force: true });
  }
}
