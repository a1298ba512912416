const LENGTH_MIN = 10;
const BYTES_MAX = 256;
const DIFFERENT_CHARACTERS_MIN = 5;

/** Those that guessers try first and that are long enough to pass otherwise. */
const COMMON = new Set([
  "1234567890",
  "0123456789",
  "qwertyuiop",
  "qwerty1234",
  "password12",
  "password123",
  "password1234",
  "passw0rd123",
  "1q2w3e4r5t",
  "1qaz2wsx3edc",
  "iloveyou123",
  "letmein123",
  "welcome123",
  "administrator",
  "changeme123",
  "abcdefghij",
  "qwertyuiop123",
  "12345678910",
  "123456789a",
  "a123456789",
  "asdfghjkl1",
  "zxcvbnm123",
  "trustno1234",
  "superman123",
]);

/** Why a password is too easy to guess; null when it is not. Length counts, kinds of characters do not. */
export function passwordProblem(password: string, email: string): string | null {
  const folded = password.normalize("NFKC").toLowerCase();
  const characters = Array.from(folded);
  if (characters.length < LENGTH_MIN) return `A password has at least ${LENGTH_MIN} characters.`;
  if (Buffer.byteLength(password) > BYTES_MAX) return `A password has at most ${BYTES_MAX} bytes.`;
  if (new Set(characters).size < DIFFERENT_CHARACTERS_MIN)
    return `A password has at least ${DIFFERENT_CHARACTERS_MIN} different characters.`;
  if (COMMON.has(folded)) return "This password is among the first that anybody would try.";
  const name = email.split("@", 1)[0] as string;
  if (folded === email || (name.length >= 4 && folded.replaceAll(/\d/g, "") === name.replaceAll(/\d/g, ""))) {
    return "The password is the email address.";
  }
  return null;
}
