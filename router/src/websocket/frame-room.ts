/** More than most writes need. A socket that does not take what is put together for it keeps as much. */
export const ROOM_BYTES = 16_384;

/**
 * Where what is written to a socket is put together: a socket that took all of it at once leaves the room to the next one. With room of
 * its own for each write, collecting that as garbage would cost more than putting it together.
 */
export class FrameRoom {
  #room = Buffer.allocUnsafeSlow(ROOM_BYTES);
  /** The part that was asked for last: the next socket usually needs as much. */
  #part = this.#room;

  /** So many bytes, at most ROOM_BYTES, which are good until the next call. */
  part(bytes: number): Buffer {
    if (this.#part.length !== bytes) this.#part = this.#room.subarray(0, bytes);
    return this.#part;
  }

  /** Whoever got the last part keeps it. */
  giveAway(): void {
    this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    this.#part = this.#room;
  }
}
