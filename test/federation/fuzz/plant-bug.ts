// Loaded before the fuzzer (`--import`): changes the source of one module of the router as PLANTED_BUG says.
import { plantBug } from "../../plant-bug.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

plantBug(PLANTED_BUGS[Number(process.env["PLANTED_BUG"])]!);
