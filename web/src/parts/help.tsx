import { Modal } from "./modal.tsx";

const KEYS: readonly [string, string][] = [
  ["↑ ↓  k j", "move in the watchlist"],
  ["Delete", "remove the chosen instrument from the watchlist"],
  ["/", "find an instrument"],
  ["1 … 5", "interval of the chart: 1s, 1m, 5m, 1h, 1d"],
  ["n  a  i", "news, alerts, inbox"],
  ["l", "log in, account"],
  ["t", "dark or light"],
  ["?", "this help"],
];

export function Help({ onClose }: { onClose(): void }) {
  return (
    <Modal title="Keyboard" onClose={onClose}>
      <dl className="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">
        Charts by{" "}
        <a href="https://www.tradingview.com/" rel="noreferrer" target="_blank">
          TradingView
        </a>{" "}
        Lightweight Charts™.
      </p>
    </Modal>
  );
}
