/** Why a connection is of no more use: what the server sent is no HTTP/1.1 that can be trusted, or the connection ended. */
export class Http1Error extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Http1Error";
  }
}
