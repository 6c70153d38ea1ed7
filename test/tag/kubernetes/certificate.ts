import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a cluster has: a CA of its own, and a certificate of it for 127.0.0.1. */
export interface ClusterFiles {
  readonly caFile: string;
  readonly tokenFile: string;
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
  writeToken(token: string): void;
  remove(): void;
}

export function makeClusterFiles(): ClusterFiles {
  const folder = mkdtempSync(join(tmpdir(), "npmon-kubernetes-"));
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync("openssl", ["req", "-x509", "-nodes", "-days", "2", ...args], { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  openssl(...newKey, "-keyout", path("ca.key"), "-out", path("ca.crt"), "-subj", "/CN=kubernetes");
  openssl(
    ...["-CA", path("ca.crt"), "-CAkey", path("ca.key"), ...newKey],
    ...["-keyout", path("server.key"), "-out", path("server.crt"), "-subj", "/CN=kube-apiserver"],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
  );
  const tokenFile = path("token");
  const writeToken = (token: string) => writeFileSync(tokenFile, `${token}\n`);
  writeToken("first");
  return {
    caFile: path("ca.crt"),
    tokenFile,
    keyFile: path("server.key"),
    certFile: path("server.crt"),
    key: readFileSync(path("server.key"), "utf8"),
    cert: readFileSync(path("server.crt"), "utf8"),
    writeToken,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
