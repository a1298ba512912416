import { createHash } from "node:crypto";
import { markup } from "./markup.ts";

/** Of every page: dark or light as the reader has it. Nothing in it is loaded from anywhere. */
export const STYLE = markup`
:root { color-scheme: light dark; --page: #f4f6f8; --raised: #fff; --line: #dde4eb; --text: #16202b; --muted: #5b6b7c;
  --accent: #0b6f8f; --up: #0b8a5f; --down: #c9303f; --even: #93a1af; --wild: #a35f00; --band: #0b6f8f22; }
@media (prefers-color-scheme: dark) { :root { --page: #0b0f14; --raised: #111821; --line: #1e2935; --text: #e4ebf2;
  --muted: #8495a6; --accent: #56b6d8; --up: #35c08e; --down: #f0616d; --even: #5a6b7b; --wild: #ffb454; --band: #56b6d822; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 16px 48px; max-width: 860px; background: var(--page); color: var(--text);
  font: 15px/1.5 "Inter", "Segoe UI", system-ui, sans-serif; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 0 0 12px; font-size: 17px; } h3 { margin: 20px 0 6px; font-size: 15px; }
section, .notice { margin-top: 16px; padding: 16px; background: var(--raised); border: 1px solid var(--line); border-radius: 10px; }
.notice { border-color: var(--wild); } .muted { color: var(--muted); } p { margin: 6px 0; } figure { margin: 8px 0 16px; }
.scroll { overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--muted); font-weight: 500; } .n { text-align: right; } .n, .t { white-space: nowrap; }
a { color: var(--accent); } h1, td, li, p { overflow-wrap: break-word; } td { max-width: 24em; }
ul { margin: 0; padding-left: 20px; } .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; list-style: none; }
.key::before { content: ""; display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 3px; background: var(--even); }
.key.up::before { background: var(--up); } .key.down::before { background: var(--down); } .key.wild::before { background: var(--wild); }
.key.none::before { background: var(--line); }
span.up { color: var(--up); } span.down { color: var(--down); }
svg { display: block; width: 100%; height: auto; font-size: 12px; } svg text { fill: var(--text); } .tick { fill: var(--muted); }
.grid { stroke: var(--line); } rect.up { fill: var(--up); } rect.down { fill: var(--down); } rect.even { fill: var(--even); }
rect.wild { fill: var(--wild); } rect.none { fill: var(--line); } path { fill: none; stroke-width: 2; } .band { fill: var(--band); }
.value { stroke: var(--accent); } .baseline { stroke: var(--even); stroke-dasharray: 4 4; } .mark { stroke: var(--wild); stroke-dasharray: 2 3; }
.actual { fill: var(--text); } .actual.seen { fill: var(--raised); stroke: var(--muted); }
details { margin-top: 8px; } pre { overflow-x: auto; white-space: pre-wrap; font: 12px/1.5 ui-monospace, monospace; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
`;

const hash = createHash("sha256").update(STYLE.toString()).digest("base64");

/** Nothing is loaded, run or sent, and no style but this one counts: also in a file that was saved. */
export const CONTENT_POLICY = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
