import type { ApiKeyRecord } from "./domain/ports.ts";

/** What resolvers of the types with the same names get as their parent. */
export interface User {
  id: string;
  email: string;
  roles: readonly string[];
}

export interface Session {
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  user: User;
}

export type ApiKey = ApiKeyRecord;
