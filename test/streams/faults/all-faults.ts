import { CLIENT_FAULTS } from "./client-faults.ts";
import type { Fault } from "./fault.ts";
import { NETWORK_FAULTS } from "./network-faults.ts";
import { PROCESS_FAULTS } from "./process-faults.ts";

export const ALL_FAULTS: readonly Fault[] = [...CLIENT_FAULTS, ...NETWORK_FAULTS, ...PROCESS_FAULTS];
