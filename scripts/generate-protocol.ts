import { writeOrCheck } from "./generate/write-or-check.ts";
import { goldenFrames, goldenMessages } from "./protocol/golden.ts";
import { markdownOf } from "./protocol/markdown.ts";
import { readSchema } from "./protocol/schema.ts";
import { rustOf } from "./protocol/rust.ts";
import { typescriptOf } from "./protocol/typescript.ts";

/** Writes what follows from engine/protocol/messages.json; with `--check` it only tells whether the files are up to date. */
const schema = readSchema("engine/protocol/messages.json");
const files: Record<string, string> = {
  "packages/protocol/src/messages.generated.ts": typescriptOf(schema),
  "engine/crates/protocol/src/messages.rs": rustOf(schema),
  "engine/protocol/golden/messages.json": goldenMessages(schema),
  "engine/protocol/golden/frames.json": goldenFrames(schema),
  "docs/engine-protocol.md": markdownOf(schema),
};

for (const [path, text] of Object.entries(files)) writeOrCheck(path, text);
