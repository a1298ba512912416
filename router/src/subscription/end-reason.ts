/**
 * Why a subscription ended. `client`: the client wanted no more; `source`: the stream or the subgraph was over;
 * `disconnected`: the connection was gone; `silent`: the client gave no sign of life; otherwise the close code of the
 * WebSocket, or the code of the error that the client got.
 */
export type EndReason = "client" | "source" | "disconnected" | "silent" | (string & {});
