export interface PageConfig {
  graphqlUrl: string;
  websocketUrl: string;
}

let config: PageConfig | null = null;

/** Asks the server of the page where the router is; called once, before anything is shown. */
export async function loadConfig(): Promise<void> {
  const response = await fetch("/config.json");
  if (!response.ok) throw new Error("The page's configuration could not be read.");
  config = (await response.json()) as PageConfig;
}

export function pageConfig(): PageConfig {
  if (config === null) throw new Error("loadConfig comes first");
  return config;
}
