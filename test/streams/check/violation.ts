/**
 * UNKNOWN_EVENT: never published in that channel. WRONG_VALUE: not what was published. SILENT_GAP: events are missing and nothing
 * says so. WRONG_GAP: it is said, with another number. MISSING_TAIL: the last events never came. FORGOTTEN_VERDICT: what became of
 * the wish to go on is not said. WRONG_REPLAY: more events are promised than there are. REUSED_CURSOR: one for two events.
 * WRONG_HEAD: the router says that the client should have had another event last.
 */
export type ViolationKind =
  | "UNKNOWN_EVENT"
  | "WRONG_VALUE"
  | "DUPLICATE"
  | "REORDERED"
  | "SILENT_GAP"
  | "WRONG_GAP"
  | "MISSING_TAIL"
  | "FORGOTTEN_VERDICT"
  | "WRONG_REPLAY"
  | "REUSED_CURSOR"
  | "WRONG_HEAD";

export interface Violation {
  kind: ViolationKind;
  subscription: string;
  channel: string;
  /** Where in the subscription's observations; null: at its end. */
  at: number | null;
  detail: string;
}
