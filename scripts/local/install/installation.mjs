/**
 * One thing that the stack needs on the machine: found, or downloaded and built once.
 * @template Value
 * @typedef {object} Installation
 * @property {string} name
 * @property {boolean} present  whether `install` has nothing to do
 * @property {"installing" | "building"} verb
 * @property {Tool[]} tools  what it needs beforehand, when it is not present
 * @property {() => Promise<Value>} install
 */

/** @typedef {keyof typeof TOOLS} Tool */

/** What a person installs: the packages that bring it on Debian and Ubuntu, and where it is had elsewhere. */
const TOOLS = {
  node: { title: "Node.js ≥ 20 with npm", apt: "nodejs npm", elsewhere: "https://nodejs.org" },
  rust: { title: "Rust ≥ 1.89 (cargo)", apt: null, elsewhere: "https://rustup.rs" },
  compiler: { title: "a C compiler (cc)", apt: "build-essential", elsewhere: "gcc or clang" },
  make: { title: "make", apt: "build-essential", elsewhere: "make" },
  python: {
    title: "Python ≥ 3.10 with pip (or Redis and Qdrant by REDIS_URL and QDRANT_URL)",
    apt: "python3 python3-pip",
    elsewhere: "https://www.python.org",
  },
  java: {
    title: "Java ≥ 17 (or Kafka by KAFKA_BROKERS)",
    apt: "openjdk-17-jre-headless",
    elsewhere: "https://adoptium.net",
  },
  maven: { title: "Maven (or Kafka by KAFKA_BROKERS)", apt: "maven", elsewhere: "https://maven.apache.org" },
};

/**
 * All that is missing, each with how to get it, in one message.
 * @param {Iterable<Tool>} missing
 */
export function missingMessage(missing) {
  const tools = [...new Set(missing)];
  const packages = new Set(tools.flatMap((tool) => TOOLS[tool].apt?.split(" ") ?? []));
  const lines = tools.map((tool) => `  - ${TOOLS[tool].title}   (${TOOLS[tool].elsewhere})`);
  const commands = [];
  if (packages.size > 0)
    commands.push(`  apt-get install -y ${[...packages].join(" ")}      # Debian, Ubuntu; with sudo where needed`);
  if (tools.includes("rust"))
    commands.push("  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal");
  return ["Missing on this machine:", ...lines, "Install with:", ...commands, ""].join("\n");
}
