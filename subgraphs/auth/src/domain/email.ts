import { domainToASCII } from "node:url";

const LENGTH_MAX = 254;
const LOCAL_PART = /^[^\s\p{Cc}@"(),:;<>[\\\]]{1,64}$/u;

/**
 * The one way an address is stored and looked up: without surrounding space, in lower case, its domain in ASCII. Null when
 * it is no address. Dots and plus signs are kept: what they mean is the provider's business.
 */
export function normalisedEmail(text: string): string | null {
  const trimmed = text.trim().normalize("NFC");
  const at = trimmed.lastIndexOf("@");
  const local = trimmed.slice(0, Math.max(at, 0)).toLowerCase();
  const domain = domainToASCII(trimmed.slice(at + 1));
  if (at < 1 || !LOCAL_PART.test(local) || !domain.includes(".") || domain.startsWith(".") || domain.endsWith("."))
    return null;
  const email = `${local}@${domain}`;
  return email.length <= LENGTH_MAX ? email : null;
}
