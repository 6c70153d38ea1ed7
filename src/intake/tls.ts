import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { NpmonError } from "../error/error.ts";

/** PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads a certificate, perhaps with those that lead to its authority behind it, and its key.
 * @throws NpmonError `intake` for files that cannot be read, are none, do not belong together, or have run out
 */
export function readTls(certFile: string, keyFile: string, nowMs: number): Tls {
  const cert = read(certFile);
  const key = read(keyFile);
  const certificate = attempt(
    certFile,
    "is no certificate in PEM",
    CERT_REMEDY,
    () => new X509Certificate(cert),
  );
  const privateKey = attempt(keyFile, "is no key in PEM that can be used", KEY_REMEDY, () =>
    createPrivateKey(key),
  );
  check(certFile, keyFile, certificate, privateKey, nowMs);
  return { cert, key };
}

const CERT_REMEDY = "It begins with -----BEGIN CERTIFICATE-----; the server's own comes first.";
const KEY_REMEDY = "It begins with -----BEGIN PRIVATE KEY-----, or a kind of it, and has no passphrase.";

function check(
  certFile: string,
  keyFile: string,
  certificate: X509Certificate,
  key: KeyObject,
  nowMs: number,
): void {
  if (!certificate.checkPrivateKey(key)) {
    throw new NpmonError(
      "intake",
      `${keyFile} is not the key of ${certFile}`,
      "Give the two that belong together.",
    );
  }
  const { validFrom, validTo } = certificate;
  if (Date.parse(validTo) < nowMs) {
    const remedy = "Senders would refuse it: give a renewed one, or set the clock of this host right.";
    throw new NpmonError("intake", `${certFile} has expired on ${validTo}`, remedy);
  }
  if (Date.parse(validFrom) > nowMs) {
    const remedy = "Senders would refuse it: wait, or set the clock of this host right.";
    throw new NpmonError("intake", `${certFile} is valid only from ${validFrom}`, remedy);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NpmonError(
      "intake",
      `cannot read ${path}: ${reason}`,
      "The intake's user has to be able to read it.",
      cause,
    );
  }
}

function attempt<Value>(path: string, what: string, remedy: string, action: () => Value): Value {
  try {
    return action();
  } catch (cause) {
    throw new NpmonError("intake", `${path} ${what}`, remedy, cause);
  }
}
