// Loaded before a router (`--import`): changes the source of one of its modules as PLANTED_BUG says.
import { plantBug } from "../plant-bug.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

plantBug(PLANTED_BUGS[Number(process.env["PLANTED_BUG"])]!);
