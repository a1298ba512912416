import { SERVER_VARIABLES, variableOf } from "./server-variables.ts";

// Vitest's setup of each file: gives it the servers of the worker that it runs on.
const worker = Number(process.env.VITEST_POOL_ID);
for (const variable of Object.values(SERVER_VARIABLES))
  process.env[variable] = process.env[variableOf(variable, worker)];
