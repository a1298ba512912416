/**
 * What a change must pass before it lands: format, lint, types, direction of dependencies, dead code, generated files, and the
 * same for Rust. Runs all of it, whatever fails, and says at the end what did. `npm run check -- format types` runs some.
 */
import { spawnSync } from "node:child_process";

const CHECKS: Record<string, string[][]> = {
  format: [["oxfmt", "--check"]],
  lint: [["oxlint", "--type-aware"]],
  types: [
    ["tsc", "--noEmit", "-p", "tsconfig.json"],
    ["tsc", "--noEmit", "-p", "web/tsconfig.json"],
  ],
  boundaries: [["turbo", "boundaries"]],
  "dead code": [["knip", "--no-progress"]],
  "generated files": [
    ["node", "scripts/generate.ts", "--check"],
    ["node", "scripts/compose.ts", "--check"],
  ],
  rust: [
    ["cargo", "fmt", "--manifest-path", "engine/Cargo.toml", "--all", "--check"],
    [
      "cargo",
      "clippy",
      "--manifest-path",
      "engine/Cargo.toml",
      "--release",
      "--all-targets",
      "--quiet",
      "--",
      "-D",
      "warnings",
    ],
  ],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  process.stderr.write(
    `there is no check called ${unknown.join(", ")}; there are: ${Object.keys(CHECKS).join(", ")}\n`,
  );
  process.exit(64);
}

const failed: string[] = [];
for (const [name, commands] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startedAt = performance.now();
  const outputs = commands.map(([command, ...args]) => {
    const { status, stdout, stderr, error } = spawnSync(command!, args, {
      encoding: "utf8",
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", NO_COLOR: "1" },
      maxBuffer: 64 * 1_048_576,
    });
    return { ok: status === 0, text: `${error?.message ?? ""}${stdout ?? ""}${stderr ?? ""}` };
  });
  const ok = outputs.every((output) => output.ok);
  process.stdout.write(
    `${ok ? "ok    " : "FAILED"} ${name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)\n`,
  );
  if (!ok) {
    failed.push(name);
    for (const output of outputs) if (!output.ok) process.stdout.write(`${output.text.trimEnd()}\n`);
  }
}
if (failed.length > 0) {
  process.stdout.write(`\nfailed: ${failed.join(", ")}\n`);
  process.exitCode = 1;
}
