// `npm run feed -- --feed …`: starts a feed beside a stack that runs. Its end is the feed's end.
const { runFeed } = await import("./local/feed-beside.mjs");
await runFeed(process.argv.slice(2));
